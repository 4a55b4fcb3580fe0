"""The main figures of an evaluation as a page shows them: shares with intervals beside their baselines."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.pages.parts import Reading, Readings

BASELINES: Final = ("chance", "majority", "before", "shuffled", "absent")


def readings(model: str, metrics: Mapping[str, float]) -> Iterator[Readings]:
    """The main figures of a model on one scale; none where it has no share with an interval.

    Args:
        model: registered name; its figures are `MODEL.TASK`.
        metrics: of the evaluation, with `.low`, `.high`, `.n` and the baselines behind each figure's name.
    """
    rows = [_reading(name, metrics) for name in main_names(model, metrics) if 0 <= metrics[name] <= 1]
    if rows:
        yield Readings("Main figures on held-out places", rows)


def main_names(model: str, metrics: Mapping[str, float]) -> list[str]:
    """Names of the figures that a person looks at first, sorted."""
    named = (name for name in sorted(metrics) if name.startswith(f"{model}.") and name.count(".") == 1)
    return [name for name in named if f"{name}.low" in metrics and f"{name}.high" in metrics]


def _reading(name: str, metrics: Mapping[str, float]) -> Reading:
    marks = [(kind, metrics[f"{name}.{kind}"]) for kind in BASELINES if f"{name}.{kind}" in metrics]
    low, high = metrics[f"{name}.low"], metrics[f"{name}.high"]
    shown = (low, high) if 0 <= low <= high <= 1 else None
    items = metrics.get(f"{name}.n")
    return Reading(name, metrics[name], shown, marks, f"{items:.0f} items" if items is not None else "")
