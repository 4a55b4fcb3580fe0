"""A metric must reach a floor and beat its trivial baseline by a factor and a margin."""

import math

from pydantic import Field

from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class MetricFloor(Settings):
    """Settings of the gate."""

    metric: str = Field(description="Name in the metrics of the evaluation.")
    floor: float = Field(description="Least value of the metric.")
    baseline: str | None = Field(description="Metric of the trivial answer; null where there is none.")
    factor: float = Field(ge=1, description="Least multiple of the baseline; 1 where only the margin counts.")
    margin: float = Field(ge=0, description="Least distance above that, in the metric's own unit.")


def judge(settings: MetricFloor, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Compare one metric with its floor and its baseline; what is absent or not finite does not pass."""
    metrics = candidate.evaluation.metrics
    names = [settings.metric, *([settings.baseline] if settings.baseline else [])]
    around = [f"{settings.metric}.{end}" for end in ("low", "high", "n")]
    evidence = {name: _as_json(metrics[name]) for name in (*names, *around) if name in metrics}
    for name in names:
        value = metrics.get(name)
        if value is None or not math.isfinite(value):
            return Outcome(False, f"{name} is {'absent' if value is None else value}", evidence)
    needed = settings.floor
    if settings.baseline:
        needed = max(needed, settings.factor * metrics[settings.baseline] + settings.margin)
    evidence["needed"] = needed
    value = metrics[settings.metric]
    comparison = f"{settings.metric} is {value:.3f}, needed {needed:.3f}"
    if settings.baseline:
        comparison += f" ({settings.baseline} is {metrics[settings.baseline]:.3f})"
    return Outcome(value >= needed, comparison, evidence)


def _as_json(value: float) -> float | None:
    return value if math.isfinite(value) else None


GATE = Gate("metric_floor", MetricFloor, judge)
