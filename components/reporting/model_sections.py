"""Sections about what was learned: metrics, AlphaEarth's part, confusions, slices, training curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.pages.page import Part, Section
from components.pages.parts import Cell, Heat, Reading, Readings, Table
from components.pages.plots import curves
from components.reporting.evidence import Evidence
from components.reporting.readings import LESS_IS_BETTER, is_share, reading

ABLATED = ("shuffled", "absent")


def metrics(evidence: Evidence) -> Section:
    """Every metric with its interval, its size and its baselines: as a figure and as a table."""
    entries = evidence.report["metrics"]
    trivial = [(entry, [name for name in entry["baselines"] if name not in ABLATED]) for entry in entries]
    rows = [
        reading(entry, entry["key"], names or ("",))
        for entry, names in trivial
        if is_share(entry) and not _is_void(entry)
    ]
    columns = ("figure", "AlphaEarth", "value", "95 % interval", "n", "places", "baselines")
    table = Table("All figures as numbers", columns, [_metric_row(entry) for entry in entries], "The same as numbers")
    text = (
        "Held-out places. Intervals are 95 %, bootstrapped over places; baselines need no learning: chance, the "
        "commonest answer of the training set (majority), the text before SCIO. What is no share, and tasks whose "
        "answers could all be read (unparsed 0), stand in the table alone."
    )
    return Section("Metrics beside their baselines", text, (Readings("Shares between 0 and 100 %.", rows), table))


def _metric_row(entry: Mapping[str, Any]) -> tuple[Cell, ...]:
    baselines = ", ".join(f"{name} {value:.3f}" for name, value in entry["baselines"].items() if value is not None)
    interval = "" if entry["low"] is None else f"{entry['low']:.3f} to {entry['high']:.3f}"
    return (_name(entry), entry["variant"], f"{entry['value']:.3f}", interval, entry["n"], entry["places"], baselines)


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["key"]) + (f" ({LESS_IS_BETTER})" if entry["better"] == "low" else "")


def ablation(evidence: Evidence) -> Section:
    """What AlphaEarth adds: the same questions with the chip's own vectors, another chip's, and none."""
    entries = [entry for entry in evidence.report["metrics"] if _is_ablated(entry) and not _is_void(entry)]
    rows = [_ablated(entry) for entry in entries if is_share(entry)]
    table = Table(
        "Differences on the same items, with 95 % intervals; one that holds 0 shows no difference",
        ("figure", "n", "correct minus shuffled", "correct minus absent"),
        [(_name(entry), _shared(entry), *(_difference(entry, name) for name in ABLATED)) for entry in entries],
    )
    text = (
        "The same questions three times, on the chips that have AlphaEarth vectors: with the chip's own (correct), "
        "another place's (shuffled), and none (absent). Ships at open sea have no vectors and are left out here."
    )
    parts: tuple[Part, ...] = (
        (Readings("Shares on the shared items.", rows, value_name="correct"), table) if rows else ()
    )
    return Section("What AlphaEarth adds", text if rows else "This evaluation asked without variants.", parts)


def _is_void(entry: Mapping[str, Any]) -> bool:
    """Whether it says that no answer was unreadable: good to know, nothing to look at."""
    return bool(entry["key"].endswith(".unparsed") and entry["value"] == 0)


def _is_ablated(entry: Mapping[str, Any]) -> bool:
    return all(entry["baselines"].get(name) is not None and f"difference_to_{name}" in entry for name in ABLATED)


def _shared(entry: Mapping[str, Any]) -> int:
    return int(entry["difference_to_absent"]["n"])


def _ablated(entry: Mapping[str, Any]) -> Reading:
    # The figure on the shared items: the entry's own value counts chips without AlphaEarth too.
    value = entry["baselines"]["absent"] + entry["difference_to_absent"]["value"]
    marks = [(name, entry["baselines"][name]) for name in ABLATED]
    return Reading(entry["key"], value, None, marks, f"n {_shared(entry)}")


def _difference(entry: Mapping[str, Any], name: str) -> str:
    difference = entry[f"difference_to_{name}"]
    if difference["low"] is None:
        return f"{difference['value']:+.3f}"
    return f"{difference['value']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"


def confusions(evidence: Evidence) -> Section:
    """One confusion matrix for each closed-list task: rows are the truth, columns the answer."""
    parts = [_confusion(task, matrix) for task, matrix in evidence.report.get("confusions", {}).items()]
    text = "Rows are the truth, columns the answer; shade is the share of the row."
    return Section("Confusions", text if parts else "This evaluation has no closed-list task.", parts)


def _confusion(task: str, matrix: Mapping[str, Any]) -> Heat:
    rows = []
    for label, counts in zip(matrix["labels"], matrix["counts"], strict=True):
        whole = max(sum(counts), 1)
        rows.append((label, [(str(count) if count else "·", count / whole) for count in counts]))
    score = f", macro F1 {matrix['macro_f1']:.3f}" if matrix.get("macro_f1") is not None else ""
    size = f", n {matrix['n']}" if "n" in matrix else ""
    return Heat(f"{task}{size}{score}", "truth \\ answer", matrix["labels"], rows)


def slices(evidence: Evidence) -> Section:
    """The figures by sensor, family and place."""
    by_metric = evidence.report.get("slices", {})
    parts: list[Part] = []
    for dimension, words in (("platform", "sensor"), ("family", "family"), ("field", "field of the text")):
        cut = {key: groups[dimension] for key, groups in by_metric.items() if groups.get(dimension)}
        if cut:
            parts.append(_slice_table(f"By {words}: value in %, in brackets the number of items", words, cut))
    parts += _places(evidence)
    return Section("By sensor, family and place", "Small groups say little: look at the number of items.", parts)


def _slice_table(caption: str, words: str, cut: Mapping[str, Mapping[str, Any]]) -> Heat:
    groups = sorted({group for values in cut.values() for group in values})
    if len(groups) > len(cut):  # many groups become rows
        rows = [(group, [_slice_cell(values.get(group)) for values in cut.values()]) for group in groups]
        return Heat(caption, words, tuple(cut), rows)
    rows = [(key, [_slice_cell(values.get(group)) for group in groups]) for key, values in cut.items()]
    return Heat(caption, "figure", groups, rows)


def _slice_cell(entry: Mapping[str, Any] | None) -> tuple[str, float | None]:
    if entry is None or entry["value"] is None:
        return "", None
    return f"{100 * entry['value']:.0f} ({entry['n']})", min(max(entry["value"], 0.0), 1.0)


def _places(evidence: Evidence) -> list[Part]:
    cells: dict[str, dict[str, list[float]]] = {}
    names = ("place_id", "model", "task", "variant", "score")
    for place, model, task, variant, score in zip(*(evidence.items[name].to_pylist() for name in names), strict=True):
        if variant not in ABLATED and not task.startswith("scio"):
            cells.setdefault(place, {}).setdefault(f"{model} {task}", []).append(score)
    tasks = sorted({task for by_task in cells.values() for task in by_task})
    scenes = dict(zip(*(reversed(evidence.chips[name].to_pylist()) for name in ("place_id", "scene_id")), strict=True))
    rows = [
        (f"{place} ({scenes.get(place, '')})", [_place_cell(cells[place].get(task, ())) for task in tasks])
        for place in sorted(cells)
    ]
    caption = "By held-out place (with one of its scenes): mean score in %, in brackets the number of items"
    return [Heat(caption, "place", tasks, rows)] if rows else []


def _place_cell(scores: Sequence[float]) -> tuple[str, float | None]:
    return (
        (f"{100 * sum(scores) / len(scores):.0f} ({len(scores)})", sum(scores) / len(scores)) if scores else ("", None)
    )


def training_curves(evidence: Evidence) -> Section:
    """Losses of the three training stages."""
    series: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    phases: dict[str, list[tuple[int, str]]] = {}
    for stage, table in evidence.curves.items():
        lines, first = series.setdefault(stage, {}), dict[str, int]()
        columns = [table[name].to_pylist() for name in ("name", "phase", "step", "value")]
        for name, phase, step, value in zip(*columns, strict=True):
            first.setdefault(phase, step)
            if "learning_rate" not in name:
                steps, values = lines.setdefault(name, ([], []))
                steps.append(step)
                values.append(value)
        phases[stage] = [(step, phase) for phase, step in first.items()]
    ends = [
        f"{stage} {name} {values[-1]:.3f}" for stage, lines in series.items() for name, (_, values) in lines.items()
    ]
    text = "KLIP's three losses (contrast itc, matching itm, masked words mlm), then the two stages of FUSAR-GPT."
    picture = curves(series, f"Loss by step. Last values: {', '.join(ends)}."[:600], phases)
    return Section("Training curves", text, (picture,))
