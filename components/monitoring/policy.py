"""monitoring.yaml: how sure a monitor must be before it says that scenes have drifted."""

from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.monitoring.errors import BadMonitoringPolicy

POLICY_FILE: Final = "monitoring.yaml"


class MonitoringPolicy(BaseModel):
    """Settings of every comparison; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: float = Field(gt=0, lt=1, description="Chance of any finding where nothing has drifted [0..1].")
    least_scenes: int = Field(ge=2, le=1000, description="Fewest new scenes of a sensor that are compared.")
    permutations: int = Field(ge=99, le=10**6, description="Random exchanges behind each permutation test.")
    chips_per_scene: int = Field(ge=1, le=10**4, description="Most chips of a scene that FUSAR-KLIP embeds.")
    seed: int = Field(ge=0, le=2**31, description="Seed of the exchanges.")


def read_monitoring_policy(root: Path) -> MonitoringPolicy:
    """The policy of a repository.

    Raises:
        BadMonitoringPolicy: the file is missing, is not YAML, or a key is unknown, missing or out of range.
    """
    path = root / POLICY_FILE
    try:
        return MonitoringPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadMonitoringPolicy(str(path), f"cannot be read as YAML ({type(error).__name__})") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
        raise BadMonitoringPolicy(str(path), problems) from error
