"""A version made anew beside the one that is registered: which outputs have the same bytes, which figures moved."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.objects import Objects
from components.lineage.record import Lineage, StageEntry
from components.lineage.versions import logged_model_id
from components.tracking.processor import PROCESSOR, processor_type
from components.tracking.runs import Tracking

REPRODUCED_TAG: Final = "fusar.reproduced"  # of the version: the newest outcome and when
REPRODUCTIONS_FOLDER: Final = "reproductions"
# How far a figure may move where another type of processor computed it: half of its own 95 % interval, or where it has
# none this share of its value, and never less than this much [1].
RELATIVE_TOLERANCE: Final = 0.05
LEAST_TOLERANCE: Final = 0.02
_METRICS_FILE: Final = "metrics.json"
_BOUNDS: Final = (".low", ".high")
Outcome = Literal["same bytes", "within tolerance", "different"]


@dataclass(frozen=True)
class Output:
    """One output of the chain: its md5 when it was registered, and made anew."""

    path: str
    registered: str
    anew: str


@dataclass(frozen=True)
class Figure:
    """One figure that moved: its value when it was registered, made anew (None where there is none), its leeway."""

    name: str
    registered: float | None
    anew: float | None
    tolerance: float

    @property
    def is_tolerable(self) -> bool:
        """Whether it moved no further than it may."""
        if self.registered is None or self.anew is None:
            return False
        return abs(self.anew - self.registered) <= self.tolerance


@dataclass(frozen=True)
class Reproduction:
    """What came of making a version anew.

    Attributes:
        version: MODEL/VERSION.
        outcome: same bytes in all outputs; within tolerance, on another type of processor; or different.
        outputs: of all stages of its chain.
        moved: the figures of these stages that are not the same.
        processors: types of processor that made the version; none where its runs do not say.
        processor: of this machine.
        seconds: wall clock [s].
        at: when it ended, UTC, ISO 8601.
    """

    version: str
    outcome: Outcome
    outputs: tuple[Output, ...]
    moved: tuple[Figure, ...]
    processors: tuple[str, ...]
    processor: str
    seconds: float
    at: str

    @property
    def differing(self) -> tuple[Output, ...]:
        """The outputs whose bytes are not the same."""
        return tuple(output for output in self.outputs if output.registered != output.anew)

    def as_dict(self) -> dict[str, Any]:
        """As JSON types."""
        tolerance = {"relative": RELATIVE_TOLERANCE, "least": LEAST_TOLERANCE, "interval": "half of the 95 % interval"}
        return {**asdict(self), "differing": [output.path for output in self.differing], "tolerance": tolerance}


def chain_of(lineage: Lineage) -> tuple[StageEntry, ...]:
    """The stages that make a version, in order; its evaluation too, where that reads nothing but what they make."""
    made = {out.path for stage in lineage.stages for out in stage.outs}
    evaluation = lineage.evaluation.stage
    needed = {dep.path for dep in evaluation.deps if dep.path.startswith("outputs/")}
    return (*lineage.stages, evaluation) if needed <= made else lineage.stages


def compare(
    tracking: Tracking, version: str, lineage: Lineage, workspace: Path, anew: Mapping[str, str], seconds: float
) -> Reproduction:
    """What came of running a version's chain anew.

    Args:
        tracking: knows the processors of the runs that made the version.
        version: MODEL/VERSION.
        lineage: its record.
        workspace: in which its chain ran anew.
        anew: md5 of each output there, by path.
        seconds: that it took [s].
    """
    stages = chain_of(lineage)
    outputs = tuple(Output(out.path, out.md5, anew.get(out.path, "")) for stage in stages for out in stage.outs)
    is_same = all(output.registered == output.anew for output in outputs)
    moved = () if is_same else tuple(_moved(outputs, workspace))
    processors, here = _processors(tracking, stages), processor_type()
    outcome: Outcome = "different"
    if is_same:
        outcome = "same bytes"
    elif processors != (here,) and all(figure.is_tolerable for figure in moved):
        outcome = "within tolerance"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Reproduction(version, outcome, outputs, moved, processors, here, round(seconds, 1), at)


def tolerance(name: str, figures: Mapping[str, float]) -> float:
    """How far a figure may move on another type of processor, by the figures that were registered with it."""
    low, high = figures.get(f"{name}.low"), figures.get(f"{name}.high")
    least = max(LEAST_TOLERANCE, RELATIVE_TOLERANCE * abs(figures[name]))
    return least if low is None or high is None else max(LEAST_TOLERANCE, (high - low) / 2)


def keep(client: MlflowClient, version: ModelVersion, found: Reproduction) -> None:
    """Write the result on a version: a file of its own, then the tag."""
    with tempfile.TemporaryDirectory(prefix="fusar-reproduce-") as scratch:
        file = Path(scratch) / f"{found.at.replace(':', '-')}.json"
        file.write_text(json.dumps(found.as_dict(), indent=1) + "\n", encoding="utf-8")
        client.log_model_artifacts(logged_model_id(version), scratch, REPRODUCTIONS_FOLDER)
    told = f"{found.outcome}, {found.at}"
    client.set_model_version_tag(str(version.name), str(version.version), REPRODUCED_TAG, told)


def _moved(outputs: tuple[Output, ...], workspace: Path) -> Iterator[Figure]:
    objects = Objects(workspace)
    for output in outputs:
        if not output.path.endswith(f"/{_METRICS_FILE}") or output.registered == output.anew:
            continue
        before, after = _figures(objects.content(output.registered)), _figures((workspace / output.path).read_bytes())
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name), after.get(name)
            if name.endswith(_BOUNDS) or old == new:
                continue
            allowed = tolerance(name, before) if name in before else 0.0
            yield Figure(f"{output.path.split('/')[-2]} {name}", old, new, allowed)


def _figures(content: bytes | None) -> dict[str, float]:
    return {} if content is None else {name: float(value) for name, value in json.loads(content).items()}


def _processors(tracking: Tracking, stages: tuple[StageEntry, ...]) -> tuple[str, ...]:
    """Types of processor of the runs that made these stages, as far as the runs say."""
    runs = {stage.mlflow_run_id for stage in stages if stage.mlflow_run_id}
    tags = (tracking.client.get_run(mlflow_run_id).data.tags for mlflow_run_id in sorted(runs))
    return tuple(sorted({found[PROCESSOR] for found in tags if PROCESSOR in found}))
