"""The slices of an evaluation on a card: where a model is weakest, by sensor, place, family and resolution."""

import json
from pathlib import Path
from typing import Any, Final

from components.tracking.markdown import Markdown, table

_FEWEST: Final = 5  # items below which a slice says nothing


def weakest_slices(report: Path, model: str) -> Markdown:
    """Of each main figure and each kind of slice the weakest one with at least 5 items; empty where there is none.

    Args:
        report: report.json of the evaluation.
        model: registered name.
    """
    slices = json.loads(report.read_text(encoding="utf-8")).get("slices", {}) if report.exists() else {}
    rows = [
        _row(key, kind, parts)
        for key in sorted(slices)
        if key.startswith(f"{model}.") and key.count(".") == 1
        for kind, parts in sorted(slices[key].items())
    ]
    known = [row for row in rows if row]
    return table(["figure", "by", "weakest", "value [%]", "95 % interval [%]", "n"], known) if known else Markdown("")


def _row(key: str, kind: str, parts: dict[str, Any]) -> list[str]:
    judged = {name: part for name, part in parts.items() if part["n"] >= _FEWEST and part["value"] is not None}
    if len(judged) < 2:
        return []
    name = min(judged, key=lambda name: (judged[name]["value"], name))
    part = judged[name]
    has_interval = part["low"] is not None and part["high"] is not None
    interval = f"{100 * part['low']:.1f} to {100 * part['high']:.1f}" if has_interval else ""
    return [key, kind, name, f"{100 * part['value']:.1f}", interval, str(part["n"])]
