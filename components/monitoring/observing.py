"""What chips say about each scene: histograms of backscatter, the ground below it, its level on that ground."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from components.records.backscatter import FIRST_CODE_DB, NODATA_CODE, STEP_DB
from components.records.schemas import CHIPS
from components.records.tables import read_table

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
CODES: Final = 256
BANDS: Final = 64
_AMPLITUDE: Final = "amplitude"
_REFERENCE_DEG, _SPREAD_DEG = 35.0, 5.0  # the incidence angle enters as (angle - 35) / 5
_COLUMNS: Final = (
    *("scene_id", "place_id", "split", "longitude", "latitude", "platform", "frequency_band", "quantity"),
    *("polarizations", "height", "width", "incidence_deg", "backscatter", "alphaearth", "alphaearth_valid"),
)


@dataclass(frozen=True, eq=False)
class Plane:
    """One polarisation of a scene.

    Attributes:
        histogram: pixels by code, (256,); code 0 is nodata.
        level: mean backscatter over the cells with AlphaEarth [dB; codes of an amplitude]; NaN where there are none.
    """

    histogram: Counts
    level: float


@dataclass(frozen=True, eq=False)
class SceneObservation:
    """One scene, as comparisons need it.

    Attributes:
        sensor: platform, band and quantity: only scenes of one sensor are compared with each other.
        longitude: mean of its chips' centres [degree]; NaN where no place is known.
        latitude: likewise.
        planes: by polarisation.
        ground: mean AlphaEarth of its cells (64,); None where no cell has any.
        incidence: angle as it enters the model of the ground [1]; 0 where it is not known.
        is_held_out: whether no model was trained on it.
    """

    scene_id: str
    sensor: str
    place_id: str
    longitude: float
    latitude: float
    planes: Mapping[str, Plane]
    ground: Floats | None
    incidence: float
    is_held_out: bool


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a scene with AlphaEarth: features of the ground (N, F) and backscatter by polarisation (N,) [dB]."""

    features: Floats
    levels: Mapping[str, Floats]


def observe(chips: Path) -> Iterator[tuple[SceneObservation, Cells | None]]:
    """Scenes of a folder of CHIPS files, one after the other, by id; memory holds one scene.

    Raises:
        WrongSchema: a file holds no chips.
    """
    for file in sorted(chips.glob("*.parquet")):
        rows = read_table(file, CHIPS, _COLUMNS).to_pylist()
        if rows:
            yield _observation(rows)


def platform_of(sensor: str) -> str:
    """Who acquired the scenes of a sensor."""
    return sensor.rsplit(" ", 2)[0]


def features_of(ground: Floats, incidence: float) -> Floats:
    """What the level may depend on: 1, the incidence angle, AlphaEarth; (N, 64) to (N, 66)."""
    return np.column_stack([np.ones(len(ground)), np.full(len(ground), incidence), ground])


def levels_of(codes: Floats, sensor: str) -> Floats:
    """Codes, whole or in between, as backscatter [dB]; those of an amplitude stay codes. Shape is kept."""
    return codes if sensor.endswith(_AMPLITUDE) else FIRST_CODE_DB + (codes - 1) * STEP_DB


def quantiles_of(histogram: Counts, shares: Floats, sensor: str) -> Floats:
    """Quantiles of the valid pixels at shares [0..1], interpolated within a code [dB; codes of an amplitude]."""
    counts = histogram.astype(np.float64)
    counts[NODATA_CODE] = 0.0
    if not counts.sum():
        return np.full(len(shares), np.nan)
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    return levels_of(np.interp(shares, below, np.arange(CODES + 1) - 0.5), sensor)


def _observation(rows: list[dict[str, Any]]) -> tuple[SceneObservation, Cells | None]:
    first = rows[0]
    sensor = f"{first['platform']} {first['frequency_band']}-band {first['quantity']}"
    angle = first["incidence_deg"]
    incidence = 0.0 if angle is None else (float(angle) - _REFERENCE_DEG) / _SPREAD_DEG
    names = tuple(first["polarizations"])
    shape = (len(names), first["height"], first["width"])
    codes = [np.frombuffer(row["backscatter"], np.uint8).reshape(shape) for row in rows]
    stacked = np.stack(codes)  # (chips, P, H, W)
    histograms = [np.bincount(stacked[:, place].ravel(), minlength=CODES) for place in range(len(names))]
    vectors, levels = _cells(rows, stacked, sensor)
    means = levels.mean(axis=0) if len(levels) else np.full(len(names), np.nan)
    observation = SceneObservation(
        scene_id=str(first["scene_id"]),
        sensor=sensor,
        place_id=str(first["place_id"]),
        longitude=float(np.mean([row["longitude"] for row in rows], dtype=np.float64)),
        latitude=float(np.mean([row["latitude"] for row in rows], dtype=np.float64)),
        planes={
            name: Plane(histogram, float(mean)) for name, histogram, mean in zip(names, histograms, means, strict=True)
        },
        ground=vectors.mean(axis=0) if len(vectors) else None,
        incidence=incidence,
        is_held_out=first["split"] != "train",
    )
    if not len(vectors):
        return observation, None
    by_name = {name: levels[:, place] for place, name in enumerate(names)}
    return observation, Cells(features_of(vectors, incidence), by_name)


def _cells(rows: list[dict[str, Any]], codes: npt.NDArray[np.uint8], sensor: str) -> tuple[Floats, Floats]:
    """AlphaEarth (N, 64) and mean level (N, P) of all cells in which both are known."""
    vectors, levels = [np.zeros((0, BANDS))], [np.zeros((0, codes.shape[1]))]
    for row, chip in zip(rows, codes, strict=True):
        if row["alphaearth"] is None:
            continue
        own = np.frombuffer(row["alphaearth"], np.float32).reshape(-1, BANDS).astype(np.float64)
        packed = row["alphaearth_valid"]
        known = np.ones(len(own), bool) if packed is None else np.frombuffer(packed, np.bool_)
        means = _cell_means(chip, round(len(own) ** 0.5), sensor)
        known = known & np.isfinite(means).all(axis=1)
        vectors.append(own[known])
        levels.append(means[known])
    return np.concatenate(vectors), np.concatenate(levels)


def _cell_means(chip: npt.NDArray[np.uint8], side: int, sensor: str) -> Floats:
    """Mean level of a chip's (P, H, W) valid pixels in side x side cells, (side * side, P); NaN without any."""
    planes, height, width = chip.shape
    tall, wide = height // side, width // side
    cells = chip[:, : tall * side, : wide * side].reshape(planes, side, tall, side, wide)
    valid = cells != NODATA_CODE
    counts = valid.sum(axis=(2, 4))
    sums = np.where(valid, levels_of(cells.astype(np.float64), sensor), 0.0).sum(axis=(2, 4))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(counts > 0, sums / counts, np.nan).reshape(planes, side * side).T)
