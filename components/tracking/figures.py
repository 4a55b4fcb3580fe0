"""The figures that a person looks at first: the main one of each task, with its interval beside its baselines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.tracking.markdown import Markdown, table

REPORT: Final = "outputs/evaluate/report.json"
BASELINES: Final = ("majority", "chance", "shuffled", "absent", "before")
_MOST: Final = 16


@dataclass(frozen=True)
class Figure:
    """One figure of an evaluation; values are shares [1].

    Attributes:
        key: its name among the metrics (`fusar-gpt.count`).
        model: registered name of the model that it is about.
        value: the figure.
        low: lower end of its 95 % interval over places; None where one place has no interval.
        high: upper end.
        n: items behind it.
        baselines: what needs no image, or gets the wrong input, reaches on the same items.
        is_better_high: whether more is better.
    """

    key: str
    model: str
    value: float
    low: float | None
    high: float | None
    n: int
    baselines: Mapping[str, float]
    is_better_high: bool


def main_figures(report: Path) -> tuple[Figure, ...]:
    """The main figures of an evaluation's report.json, in its order; none where there is no such file."""
    if not report.exists():
        return ()
    entries = json.loads(report.read_text(encoding="utf-8")).get("metrics", ())
    return tuple(_figure(entry) for entry in entries if _is_main(entry["key"]) and entry["value"] is not None)


def figures_table(figures: Sequence[Figure]) -> Markdown:
    """Figures with intervals, beside the baselines that any of them has [%]."""
    names = [name for name in BASELINES if any(name in figure.baselines for figure in figures)]
    columns = ["figure", "value [%]", "95 % interval [%]", "n", *(f"{name} [%]" for name in names)]
    return table(columns, [_row(figure, names) for figure in figures])


def told(metrics: Mapping[str, float]) -> str:
    """The main metrics of a stage in one line, `chips 129, scenes_cut 16`."""
    main = [f"{name} {value:.4g}" for name, value in metrics.items() if _is_main(name)]
    return ", ".join(main[:_MOST]) + (", ..." if len(main) > _MOST else "")


def _is_main(key: str) -> bool:
    # MODEL.TASK names a main figure; what has another dot is a slice, an interval or a baseline of it.
    return key.count(".") <= 1


def _figure(entry: Mapping[str, object]) -> Figure:
    is_better_high = entry["better"] != "low"
    names = ("key", "model", "value", "low", "high", "n", "baselines")
    return Figure(**{name: entry[name] for name in names}, is_better_high=is_better_high)  # type: ignore[arg-type]


def _row(figure: Figure, names: Sequence[str]) -> list[str]:
    key = figure.key if figure.is_better_high else f"{figure.key} (less is better)"
    known = [f"{100 * figure.baselines[name]:.1f}" if name in figure.baselines else "" for name in names]
    has_interval = figure.low is not None and figure.high is not None
    interval = f"{100 * figure.low:.1f} to {100 * figure.high:.1f}" if has_interval else ""  # type: ignore[operator]
    return [key, f"{100 * figure.value:.1f}", interval, str(figure.n), *known]
