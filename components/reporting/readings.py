"""Entries of the evaluation's report as readings on a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.pages.parts import Reading, Tone

ABOVE, NOT_ABOVE = "above its baselines", "not above its baselines"
LESS_IS_BETTER = "less is better"


def is_share(entry: Mapping[str, Any]) -> bool:
    """Whether a figure and all that it is compared with lie between 0 and 1."""
    values = [entry["value"], entry["low"], entry["high"], *entry["baselines"].values()]
    return all(0 <= value <= 1 for value in values if value is not None)


def reading(entry: Mapping[str, Any], label: str, baselines: Sequence[str] = (), *, is_judged: bool = False) -> Reading:
    """One metric beside its baselines.

    Args:
        entry: of `metrics` in outputs/evaluate/report.json, between 0 and 1.
        label: what to call it.
        baselines: names of those to show; none shows all.
        is_judged: say whether the interval's near end passes every shown baseline.
    """
    known = {name: value for name, value in entry["baselines"].items() if value is not None}
    marks = [(name, value) for name, value in sorted(known.items()) if not baselines or name in baselines]
    interval = None if entry["low"] is None else (entry["low"], entry["high"])
    tone, verdict = _judge(entry, [value for _, value in marks]) if is_judged and marks else ("", "")
    less = f"{LESS_IS_BETTER}, " if entry["better"] == "low" else ""
    return Reading(label, entry["value"], interval, marks, f"{less}n\u00a0{entry['n']}", tone, verdict)


def _judge(entry: Mapping[str, Any], baselines: Sequence[float]) -> tuple[Tone, str]:
    """Whether the figure is sure to be better than the best of some baselines."""
    if entry["better"] == "low":
        end = entry["value"] if entry["high"] is None else entry["high"]
        return ("good", "below its baselines") if end < min(baselines) else ("doubt", "not below its baselines")
    end = entry["value"] if entry["low"] is None else entry["low"]
    return ("good", ABOVE) if end > max(baselines) else ("doubt", NOT_ABOVE)
