"""Predictions as files for people: GeoJSON for QGIS, a picture for a glance."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from components.geography.projection import pixel_to_lonlat
from components.inference.scene import ChipPrediction
from components.inference.styles import qml_of_both
from components.pages.figures import scene_overview


def write_geojson(predictions: Sequence[ChipPrediction], model_version: str, path: Path) -> None:
    """Write chips and detections as one RFC 7946 FeatureCollection (longitude, latitude in EPSG:4326).

    Each feature's `kind` is "chip" (with the answers as properties) or the label of a detected box. Its style, which
    QGIS takes by itself, lies beside it under the same name with .qml.
    """
    text = json.dumps({"type": "FeatureCollection", "features": features_of(predictions, model_version)}, indent=1)
    for file, content in ((path.with_suffix(".qml"), qml_of_both()), (path, text)):
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text(content, encoding="utf-8")
        partial.replace(file)


def features_of(predictions: Sequence[ChipPrediction], model_version: str) -> list[dict[str, Any]]:
    """Chips and the boxes detected in them as GeoJSON features, longitude and latitude in EPSG:4326."""
    features: list[dict[str, Any]] = []
    for chip in predictions:
        height, width = chip.codes.shape
        whole = (0.0, 0.0, float(width), float(height))
        origin = {"row": chip.row, "col": chip.col, "model": model_version}
        features.append(_feature(chip, whole, {"kind": "chip", **origin, **chip.answers}))
        # A label is the model's own word: one that says "chip" is no chip.
        labels = [f"{box.label} (label)" if box.label == "chip" else box.label for box in chip.boxes]
        features += [
            _feature(chip, box.corners, {"kind": label, **origin})
            for box, label in zip(chip.boxes, labels, strict=True)
        ]
    return features


def _feature(
    chip: ChipPrediction, corners: tuple[float, float, float, float], properties: dict[str, Any]
) -> dict[str, Any]:
    x0, y0, x1, y1 = corners
    longitudes, latitudes = pixel_to_lonlat(
        chip.crs, chip.affine, np.array([x0, x0, x1, x1, x0]), np.array([y0, y1, y1, y0, y0])
    )
    ring = [[round(float(lon), 8), round(float(lat), 8)] for lon, lat in zip(longitudes, latitudes, strict=True)]
    if _is_clockwise(ring):
        ring.reverse()  # RFC 7946: exterior rings run counter-clockwise
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _is_clockwise(ring: list[list[float]]) -> bool:
    return sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring)) > 0


def write_picture(predictions: Sequence[ChipPrediction], title: str, path: Path) -> None:
    """Write the scene with its chips' main answers and the detected boxes as PNG."""
    height = max(chip.row + chip.codes.shape[0] for chip in predictions)
    width = max(chip.col + chip.codes.shape[1] for chip in predictions)
    mosaic = np.zeros((height, width), np.uint8)
    boxes, notes = [], []
    for chip in predictions:
        rows, cols = chip.codes.shape
        mosaic[chip.row : chip.row + rows, chip.col : chip.col + cols] = chip.codes
        boxes += [_shifted(box.corners, chip) for box in chip.boxes]
        notes.append((chip.col, chip.row, _note(chip)))
    scene_overview(mosaic, boxes, notes, title, path)


def _shifted(corners: tuple[float, float, float, float], chip: ChipPrediction) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = corners
    return x0 + chip.col, y0 + chip.row, x1 + chip.col, y1 + chip.row


def _note(chip: ChipPrediction) -> str:
    counted = {"ships": "ships", "aircraft": "aircraft"}.get(chip.answers["class"])
    return f"{counted}: {chip.answers[counted]}" if counted else chip.answers["class"]
