"""Chips with known truth, for the rooms that judge them: each is a row of CHIPS that a test changes in one column."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely
import yaml

from components.records.backscatter import encode_decibels

SIDE = 64


def target(category: str, length_m: float | None, box: tuple[float, float, float, float]) -> dict[str, Any]:
    x0, y0, x1, y1 = box
    return {"category": category, "length_m": length_m, "width_m": None, "x0": x0, "y0": y0, "x1": x1, "y1": y1}


def decibels(level: float = -22.0) -> np.ndarray:
    return np.full((SIDE, SIDE), level, dtype=np.float32)


def backscatter(co_polarized: np.ndarray) -> bytes:
    """Two channels, HV 8 dB below HH."""
    return encode_decibels(np.stack([co_polarized - 8, co_polarized])).tobytes()


def cover(left: int = 1, right: int = 1, columns: int = 0) -> bytes:
    """One land cover, and another in the last `columns` columns."""
    codes = np.full((SIDE, SIDE), left, np.uint8)
    if columns:
        codes[:, -columns:] = right
    return codes.tobytes()


def chip_row(**changes: Any) -> dict[str, Any]:
    """A sea chip of 3 m pixels, flat -22 dB, labelled and without any object; `changes` replace columns."""
    longitude, latitude = changes.get("longitude", 3.0), changes.get("latitude", 51.44)
    row = {
        "chip_id": "scene-a-r0000-c0000",
        "scene_id": "scene-a",
        "place_id": "place-a",
        "split": "test",
        "simulated": True,
        "row": 0,
        "col": 0,
        "height": SIDE,
        "width": SIDE,
        "crs": "EPSG:32631",
        "affine": [3.0, 0.0, 500000.0, 0.0, -3.0, 5700000.0],
        "footprint": shapely.box(longitude - 0.001, latitude - 0.001, longitude + 0.001, latitude + 0.001).wkb,
        "longitude": longitude,
        "latitude": latitude,
        "datetime": datetime(2024, 5, 1, tzinfo=UTC),
        "platform": "sim-c3",
        "frequency_band": "C",
        "polarizations": ["HV", "HH"],
        "quantity": "sigma0",
        "spacing_m": 3.0,
        "looks": 4.0,
        "incidence_deg": 35.0,
        "valid_share": 1.0,
        "backscatter": backscatter(decibels()),
        "alphaearth": None,
        "alphaearth_valid": None,
        "alphaearth_year": None,
        "land_cover": cover(),
        "objects": [],
    }
    assert set(changes) <= set(row)
    return row | changes


@pytest.fixture(scope="session")
def given() -> SimpleNamespace:
    return SimpleNamespace(chip_row=chip_row, target=target, cover=cover, decibels=decibels, backscatter=backscatter)


@pytest.fixture(scope="session")
def laptop_params() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
