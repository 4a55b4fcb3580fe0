"""prefect.yaml, read strictly: Prefect's own command skips words that it does not know, a typing mistake among them."""

from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows.errors import BadDeployFile

PREFECT_FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"
Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """Base of every part of a checked file: unknown words are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pool(Part):
    """A work pool.

    Attributes:
        description: shown in Prefect's page.
        type: of its workers.
        concurrency_limit: how many flow runs it starts at once, over all workers; None where the workers decide.
        base_job_template: file beside prefect.yaml with the template of a job; None for the type's own.
    """

    description: str = ""
    type: str = "process"
    concurrency_limit: int | None = Field(default=None, ge=1)
    base_job_template: str | None = None


class Schedule(Part):
    """When a deployment starts by itself; `active` decides at each `fusar deploy`."""

    cron: str
    timezone: str = "UTC"
    active: bool = True
    parameters: dict[str, Any] = {}


class Limit(Part):
    """How many runs of a deployment may run at once, and what becomes of those beyond."""

    limit: int = Field(ge=1)
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"


class Place(Part):
    """Where the runs of a deployment start."""

    name: str
    work_queue_name: str = "default"
    job_variables: dict[str, Any] = {}


class Deployment(Part):
    """A flow that can be started; the words are Prefect's."""

    name: str
    entrypoint: str
    description: str
    parameters: dict[str, Any] = {}
    enforce_parameter_schema: bool = True
    paused: bool = False
    tags: tuple[str, ...] = ()
    concurrency_limit: Limit | None = None
    schedules: tuple[Schedule, ...] = ()
    work_pool: Place
    triggers: tuple[dict[str, Any], ...] = ()


class Patience(Part):
    """How long a stage may take [h], and how often one that lost a connection is tried again."""

    hours: float = Field(gt=0, le=10_000)
    retries: int = Field(ge=0, le=10)


class PrefectFile(Part):
    """All of prefect.yaml. What Prefect's own `prefect deploy` does not know, it leaves alone.

    Attributes:
        name: of the project.
        pools: work pools by name.
        limits: strict global concurrency limits by name, in slots.
        stages: patience with each stage by its name; `default` for all others.
        deployments: what can be started.
        automations: what else Prefect does by itself, in its own words.
    """

    name: str
    pools: dict[str, Pool]
    limits: dict[str, int] = {}
    stages: dict[str, Patience]
    deployments: tuple[Deployment, ...]
    automations: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _has_default(self) -> "PrefectFile":
        if "default" not in self.stages:
            raise ValueError("stages: `default` is missing")
        return self


def read_prefect_file(file: Path = PREFECT_FILE) -> PrefectFile:
    """The content of prefect.yaml.

    Raises:
        BadDeployFile: it cannot be read, or a word in it is unknown or has a wrong value.
    """
    return read_checked(file, PrefectFile)


def read_checked(file: Path, model: type[Model]) -> Model:
    """A YAML file as a model.

    Raises:
        BadDeployFile: naming every problem at once.
    """
    try:
        return model.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadDeployFile(file.name, str(error).replace("\n", " ")) from error
    except ValidationError as error:
        raise BadDeployFile(file.name, "; ".join(map(_problem, error.errors()))) from error


def _problem(found: Any) -> str:
    where = ".".join(str(part) for part in found["loc"]) or "the file"
    return f"{where}: {str(found['msg']).lower()}"
