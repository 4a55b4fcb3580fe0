"""Chips as Arrow columns, made for many chips at once: the pixels are never Python objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from affine import Affine
from pyproj.exceptions import ProjError

from components.geography.alphaearth import anchor_year
from components.geography.footprints import Located, locate
from components.ingestion.config import IngestConfig
from components.ingestion.embeddings import Cells, read_embeddings
from components.ingestion.items import Scene
from components.ingestion.labels import SceneObjects
from components.rasters.errors import UnusableCRS
from components.rasters.grids import Grid
from components.rasters.windows import affine_at
from components.records.schemas import CHIPS

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Chips:
    """N chips of a scene that lie near each other.

    Attributes:
        rows: where each starts in the scene's grid.
        cols: likewise.
        codes: (N, P, S, S) uint8, contiguous.
        valid_share: (N,) share of pixels that every polarisation measured.
        land_cover: (N, S, S) uint8, contiguous; None where it is not labelled.
    """

    rows: list[int]
    cols: list[int]
    codes: Codes
    valid_share: npt.NDArray[np.float64]
    land_cover: Codes | None


@dataclass(frozen=True)
class Around:
    """What all chips of a scene share.

    Attributes:
        path: of the backscatter.
        columns: those that hold the same value in every row.
    """

    scene: Scene
    grid: Grid
    config: IngestConfig
    columns: dict[str, Any]
    objects: SceneObjects | None


def table_of(chips: Chips, around: Around) -> pa.Table:
    """The chips as `records.schemas.CHIPS`.

    Raises:
        SceneError: they cannot be placed, or the AlphaEarth tile cannot be read.
    """
    count, scene, size = len(chips.rows), around.scene, around.config.chip_size
    affines = [affine_at(around.grid.affine, *start) for start in zip(chips.rows, chips.cols, strict=True)]
    values: dict[str, Any] = {
        **{name: [value] * count for name, value in around.columns.items()},
        **_ground_columns(chips, affines, around),
        **_cell_columns(affines, around),
        "chip_id": [f"{scene.scene_id}-r{row}-c{col}" for row, col in zip(chips.rows, chips.cols, strict=True)],
        "row": chips.rows,
        "col": chips.cols,
        "valid_share": chips.valid_share,
        "backscatter": _blobs(chips.codes),
        "land_cover": [None] * count if chips.land_cover is None else _blobs(chips.land_cover),
        "objects": _object_column(chips, around.objects, size),
    }
    arrays = [
        value if isinstance(value := values[field.name], pa.Array) else pa.array(value, field.type) for field in CHIPS
    ]
    return pa.Table.from_arrays(arrays, schema=CHIPS)


def located(scene: Scene, grid: Grid, rows: Sequence[int], cols: Sequence[int], shape: tuple[int, int]) -> Located:
    """Windows of `shape` (height, width) of a scene's grid on the ground.

    Raises:
        UnusableCRS: a corner has no longitude and latitude.
    """
    try:
        return locate(grid.crs, grid.affine, rows, cols, shape)
    except (ProjError, ValueError) as error:
        raise UnusableCRS(scene.files["backscatter"], grid.crs[:40]) from error


def _ground_columns(chips: Chips, affines: list[Affine], around: Around) -> dict[str, Any]:
    """Where each chip lies; None in every column where nobody knows."""
    if not around.grid.is_georeferenced:
        names = ("affine", "footprint", "longitude", "latitude", "spacing_m")
        return {name: [None] * len(affines) for name in names}
    size = around.config.chip_size
    ground = located(around.scene, around.grid, chips.rows, chips.cols, (size, size))
    return {
        "affine": [list(affine)[:6] for affine in affines],
        "footprint": ground.footprints,
        "longitude": ground.longitude,
        "latitude": ground.latitude,
        "spacing_m": ground.spacing_m,
    }


def _cell_columns(affines: list[Affine], around: Around) -> dict[str, Any]:
    """AlphaEarth of each chip; None where no cell of it is valid."""
    cells, scene = _cells(affines, around), around.scene
    if cells is None or scene.acquired is None:
        return {name: [None] * len(affines) for name in ("alphaearth", "alphaearth_valid", "alphaearth_year")}
    year = scene.alphaearth_year or anchor_year(scene.acquired.year)
    pairs = [(vectors, valid) if valid.any() else None for vectors, valid in zip(*cells, strict=True)]
    return {
        "alphaearth": [None if pair is None else pair[0].tobytes() for pair in pairs],
        "alphaearth_valid": [None if pair is None else pair[1].tobytes() for pair in pairs],
        "alphaearth_year": [None if pair is None else year for pair in pairs],
    }


def _cells(affines: list[Affine], around: Around) -> Cells | None:
    path, config = around.scene.files.get("alphaearth"), around.config
    if path is None:
        return None
    return read_embeddings(
        path, affines, around.grid.crs, config.chip_size, config.alphaearth_grid, config.min_cell_area
    )


def _object_column(chips: Chips, objects: SceneObjects | None, size: int) -> list[Any]:
    if objects is None:
        return [None] * len(chips.rows)
    return [objects.of_chip(row, col, size) for row, col in zip(chips.rows, chips.cols, strict=True)]


def _blobs(values: Codes) -> pa.Array:
    """(N, ...) uint8 as N values of type binary, without a copy."""
    count, length = len(values), values[0].size
    ends = np.arange(count + 1, dtype=np.int32) * length
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(values)])
