"""What is kept of a run in MLflow: at its start and at its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class Opening:
    """What a run's page shows from its first moment.

    Attributes:
        note: its description, Markdown.
        params: flat parameters.
    """

    note: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RetrainResult:
    """What is kept of a retrain's own run at its end.

    Attributes:
        metrics: main figures of the evaluation and seconds of each stage.
        tags: in words for people.
        note: the description that replaces the first one, Markdown; empty where there is nothing to say.
        inputs: path of each input that no stage makes to its md5 as dvc.lock has it.
        files: each with the folder of the run's artifacts that it goes to; what does not exist is left out.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class StageResult:
    """What is kept of a finished stage run.

    Attributes:
        status: how the stage ended.
        duration_s: wall clock [s].
        metrics: of its metrics.json.
        output_md5s: path of each output to its md5 as dvc.lock has it.
        log_file: stdout and stderr of the child process.
        side_folder: Data Docs, timings, pictures (components.contract.side); logged also when the stage failed.
        curve: curve.parquet, where the stage writes one.
        failure: the reason in one sentence, empty when it went well.
    """

    status: Status
    duration_s: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    output_md5s: Mapping[str, str] = field(default_factory=dict)
    log_file: Path | None = None
    side_folder: Path | None = None
    curve: Path | None = None
    failure: str = ""


NOTHING_YET: Final = Opening()
NOTHING_LEFT: Final = RetrainResult()
