"""What it cost to make a version: wall, processor and GPU time, and energy where a counter was readable."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from components.lineage.record import Lineage
from components.tracking.markdown import Markdown, table

NOT_MEASURED = "not measured"
_HOUR_S = 3600.0
_JOULES_IN_WH = 3600.0


@dataclass(frozen=True)
class Cost:
    """What the run of one stage used; None for what nothing counted.

    Attributes:
        stage: its name.
        wall_s: from its start to its end [s].
        cpu_s: processor time of all its processes [s].
        gpu_s: time for which GPUs were held, times their number [s].
        energy_j: of the whole machine in that time [J].
    """

    stage: str
    wall_s: float | None
    cpu_s: float | None
    gpu_s: float | None
    energy_j: float | None


def costs_of(client: MlflowClient, lineage: Lineage) -> tuple[Cost, ...]:
    """The cost of each stage upstream and of the evaluation, by the run that made its outputs, now or once."""
    stages = (*lineage.stages, lineage.evaluation.stage)
    runs = {stage.name: stage.mlflow_run_id for stage in stages}
    return tuple(_cost(client, name, run) for name, run in runs.items())


def costs_table(costs: Sequence[Cost]) -> Markdown:
    """A row for each stage and one for their sum, which leaves out what was not measured."""
    rows = [
        [cost.stage, *_cells((cost.wall_s, cost.cpu_s, cost.gpu_s), _HOUR_S), *_energy(cost.energy_j)] for cost in costs
    ]
    total = [_sum([getattr(cost, name) for cost in costs]) for name in ("wall_s", "cpu_s", "gpu_s", "energy_j")]
    rows.append(["together", *_cells(total[:3], _HOUR_S), *_energy(total[3])])
    return table(["stage", "wall [h]", "CPU [h]", "GPU [h]", "energy [Wh]"], rows)


def _cost(client: MlflowClient, stage: str, run: str) -> Cost:
    try:
        metrics = client.get_run(run).data.metrics if run else {}
    except MlflowException:  # the run was deleted: what it cost is not known any more
        metrics = {}
    return Cost(stage, *(metrics.get(name) for name in ("duration_s", "cpu_s", "gpu_s", "energy_j")))


def _cells(values: Sequence[float | None], unit: float) -> list[str]:
    return [NOT_MEASURED if value is None else f"{value / unit:.4g}" for value in values]


def _energy(joules: float | None) -> list[str]:
    return _cells((joules,), _JOULES_IN_WH)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
