"""Sections about what was learned: metrics beside baselines, curves, SCIO's corrections, confusion matrices."""

from typing import Any

import numpy as np

from components.pages.figures import as_data_address, confusion, curves
from components.pages.page import Section
from components.reporting.evidence import Evidence

CORRECTIONS_SHOWN = 20


def metrics(evidence: Evidence) -> Section:
    """Every metric with its interval, its size and its trivial baselines."""
    rows = [_metric_row(entry) for entry in evidence.report["metrics"]]
    columns = ("figure", "AlphaEarth", "value", "95 % interval", "n", "places", "baselines")
    text = (
        "Held-out places. Intervals are 95 %, bootstrapped over places; baselines need no learning or the wrong input."
    )
    return Section("Metrics beside their baselines", text, None, columns, rows)


def _metric_row(entry: dict[str, Any]) -> tuple[str | int | float, ...]:
    baselines = ", ".join(f"{name} {value:.3f}" for name, value in entry["baselines"].items() if value is not None)
    interval = "" if entry["low"] is None else f"{entry['low']:.3f} to {entry['high']:.3f}"
    figure = entry["key"] + (" (less is better)" if entry["better"] == "low" else "")
    return (figure, entry["variant"], f"{entry['value']:.3f}", interval, entry["n"], entry["places"], baselines)


def training_curves(evidence: Evidence) -> Section:
    """Losses of the three training stages."""
    series: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    for stage, table in evidence.curves.items():
        lines = series.setdefault(stage, {})
        columns = [table[name].to_pylist() for name in ("name", "step", "value")]
        for name, step, value in zip(*columns, strict=True):
            if "learning_rate" not in name:
                steps, values = lines.setdefault(name, ([], []))
                steps.append(step)
                values.append(value)
    text = "KLIP's three losses (contrast, matching, reconstruction), then the two stages of FUSAR-GPT."
    return Section("Training", text, as_data_address(curves(series)))


def corrections(evidence: Evidence) -> Section:
    """Clauses that SCIO rewrote, before and after, and whether the original had been corrupted on purpose."""
    names = ("chip_id", "field")
    injected = set(zip(*(evidence.injected[name].to_pylist() for name in names), strict=True))
    rewritten = [row for row in evidence.corpus.to_pylist() if row["status"] == "rewritten"]
    rows = [_correction_row(row, injected) for row in rewritten[:CORRECTIONS_SHOWN]]
    text = (
        f"{len(rewritten)} of {evidence.corpus.num_rows} clauses were rewritten; {len(injected)} had been corrupted on "
        f"purpose, which no training stage can see. The first {len(rows)}:"
    )
    columns = ("chip", "field", "before", "after", "corrupted on purpose")
    return Section("SCIO's corrections", text, None, columns, rows)


def _correction_row(row: dict[str, Any], injected: set[tuple[str, str]]) -> tuple[str, ...]:
    known = "yes" if (row["chip_id"], row["field"]) in injected else "no"
    return (row["chip_id"], row["field"], row["original_value"], row["final_value"], known)


def confusions(evidence: Evidence) -> list[Section]:
    """One confusion matrix for each closed-list task."""
    sections = []
    for task, matrix in evidence.report.get("confusions", {}).items():
        figure = confusion(task, matrix["labels"], np.asarray(matrix["counts"]))
        sections.append(Section(f"Confusions: {task}", "Rows are the truth.", as_data_address(figure)))
    return sections
