"""Sections about what went in: places, verdicts of the checks, scenes set aside."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from components.pages.land import land
from components.pages.page import Part, Section
from components.pages.parts import Cell, Table
from components.pages.plots import split_map
from components.reporting.evidence import Evidence

EXAMPLES_SHOWN = 3


class Judged(Protocol):
    """What the checks said: tables VERDICTS and SET_ASIDE."""

    @property
    def verdicts(self) -> pa.Table:
        """One row an expectation."""

    @property
    def set_aside(self) -> pa.Table:
        """One row a scene that could not be used."""


def places(evidence: Evidence) -> Section:
    """Map of the chips' places by split over land and sea, with counts by split and sensor."""
    columns = [evidence.chips[name].to_pylist() for name in ("split", "place_id", "longitude", "latitude", "platform")]
    points: dict[str, dict[str, tuple[float, float]]] = {"train": {}, "val": {}, "test": {}}
    counts: dict[str, dict[str, int]] = {}
    unplaced: set[str] = set()
    for split, place, longitude, latitude, platform in zip(*columns, strict=True):
        if longitude is None or latitude is None:
            unplaced.add(place)
        else:
            points.setdefault(split, {}).setdefault(place, (longitude, latitude))
        by_split = counts.setdefault(platform, {})
        by_split[split] = by_split.get(split, 0) + 1
    splits = tuple(points)
    rows: list[Sequence[Cell]] = [("places", *(len(points[split]) for split in splits))]
    rows += [(f"chips of {name}", *(counts[name].get(split, 0) for split in splits)) for name in sorted(counts)]
    said = "; ".join(f"{split}: {len(points[split])} places" for split in splits)
    picture = split_map({split: list(at.values()) for split, at in points.items()}, land(), f"World map. {said}.")
    text = "Splits are by place: all dates and sensors of a geographic cell stand on one side."
    if unplaced:
        text += f" {len(unplaced)} groups of pictures are on no map: nobody knows where they lie."
    return Section("Places and splits", text, (picture, Table("Places and chips in each split", ("", *splits), rows)))


def tally(evidence: Judged) -> tuple[int, int, int]:
    """How many expectations there were, and how many critical and how many other ones failed."""
    passed, severities = (evidence.verdicts[name].to_pylist() for name in ("success", "severity"))
    failed = [severity for good, severity in zip(passed, severities, strict=True) if not good]
    return len(passed), failed.count("critical"), len(failed) - failed.count("critical")


def checks(evidence: Judged) -> Section:
    """Great Expectations' verdicts: what failed stands open, the whole list is folded."""
    total, critical, others = tally(evidence)
    parts: list[Part] = []
    rows = evidence.verdicts.to_pylist()
    if failed := [row for row in rows if not row["success"]]:
        cells = [
            (row["severity"], row["column"], row["unexpected"], row["rows"], _examples(row["examples"]), row["remedy"])
            for row in failed
        ]
        heads = ("severity", "what", "unexpected", "rows", "for example", "remedy")
        parts.append(Table("Expectations that were not met", heads, cells))
    names = ("suite", "expectation", "column", "severity", "unexpected", "rows")
    listed = [("passed" if row["success"] else "NOT MET", *(row[name] for name in names)) for row in rows]
    fold = f"All {total} expectations, {total - critical - others} of them met"
    parts.append(Table("Great Expectations' suites check_chips and check_annotations", ("", *names), listed, fold))
    text = (
        f"{total} expectations: {total - critical - others} met; critical failures: {critical}, warnings: {others}. "
        "A critical failure stops the retrain; a warning is for the reader."
    )
    return Section("Checks between stages", text, parts)


def _examples(ids: list[str]) -> str:
    more = f" and {len(ids) - EXAMPLES_SHOWN} more" if len(ids) > EXAMPLES_SHOWN else ""
    return ", ".join(ids[:EXAMPLES_SHOWN]) + more


def set_aside(evidence: Judged) -> Section:
    """Scenes that could not be used, with the reason."""
    names = ("scene_id", "file", "code", "reason")
    columns = [evidence.set_aside[name].to_pylist() for name in names]
    rows = list(zip(*columns, strict=True))
    text = "These scenes could not be used; their neighbours went on." if rows else "None: every scene was cut."
    parts = (Table("Scenes set aside", ("scene", "file", "code", "reason"), rows),) if rows else ()
    return Section("Scenes set aside", text, parts)
