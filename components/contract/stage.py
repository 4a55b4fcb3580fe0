"""What a stage is: a pure function from files and parameters to files, declared once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Paths = Mapping[str, Path]
Metrics = Mapping[str, float]
OUTPUTS_FOLDER = "outputs"


class StageConfig(BaseModel):
    """Base of every stage's parameters: unknown keys are errors and values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Stage:
    """One node of the graph in dvc.yaml.

    Attributes:
        name: the stage's name in dvc.yaml; also its top-level key in params.yaml.
        config: the pydantic model of that key.
        run: `run(config, inputs, outputs) -> metrics`; reads only `inputs`, writes only `outputs`.
        inputs: logical name to path, relative to the repository (`"chips": "outputs/ingest/chips"`).
        outputs: names of files or folders that `run` writes; they lie in `outputs/<stage>/`.
        pool: the Prefect work pool that a fleet runs this stage in.
    """

    name: str
    config: type[StageConfig]
    run: Callable[[Any, Paths, Paths], Metrics]
    inputs: Mapping[str, str]
    outputs: tuple[str, ...]
    pool: Literal["cpu", "gpu"] = "cpu"

    def output_path(self, output: str) -> str:
        """Path of one output relative to the repository."""
        return f"{OUTPUTS_FOLDER}/{self.name}/{output}"

    @property
    def metrics_path(self) -> str:
        """Path of the JSON file that holds what `run` returned, relative to the repository."""
        return self.output_path("metrics.json")
