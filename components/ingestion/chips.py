"""Cutting one scene into chips: backscatter codes with place, time, labels and AlphaEarth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj.exceptions import ProjError

from components.geography.alphaearth import anchor_year
from components.geography.footprints import Located, locate
from components.geography.places import place_id, split_of, unplaced_id
from components.ingestion.config import IngestConfig
from components.ingestion.embeddings import Cells, read_embeddings
from components.ingestion.errors import NoValidChip
from components.ingestion.items import Scene
from components.ingestion.labels import SceneObjects, read_land_cover, read_objects
from components.rasters.calibration import check_bands, read_codes
from components.rasters.errors import EmptyScene, TooSmall, UnusableCRS
from components.rasters.opening import Raster, open_raster
from components.rasters.windows import affine_at, cut, offsets, row_groups
from components.records.backscatter import NODATA_CODE
from components.records.tables import Row

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Window:
    """One chip to be: where it starts in the scene, its codes (P, H, W) and its share of valid pixels."""

    row: int
    col: int
    codes: Codes
    valid_share: float


@dataclass(frozen=True)
class _Labels:
    """What is labelled over the whole scene; None where the item names no such file."""

    land_cover: Codes | None
    objects: SceneObjects | None


def chips_of(scene: Scene, config: IngestConfig) -> list[Row]:
    """Chips of one scene as `records.schemas.CHIPS` rows, by row and column.

    Raises:
        TooSmall: the scene is smaller than one chip.
        EmptyScene: no pixel of it is valid.
        NoValidChip: no chip holds enough valid pixels.
        SceneError: another fault of one of the scene's files.
    """
    properties = scene.properties
    with open_raster(scene.files["backscatter"], properties.georeferenced) as raster:
        check_bands(raster, properties.polarizations, properties.scale)
        if not (offsets(raster.height, config.chip_size, 1) and offsets(raster.width, config.chip_size, 1)):
            raise TooSmall(raster.path, raster.height, raster.width, config.chip_size)
        whole = _scene_columns(scene, raster, config)
        labels = _read_labels(scene, raster)
        rows: list[Row] = []
        has_valid_pixel = False
        for windows in _windows(scene, raster, config):
            has_valid_pixel = has_valid_pixel or any(window.valid_share > 0 for window in windows)
            kept = [window for window in windows if window.valid_share >= config.min_valid and window.valid_share > 0]
            if kept:
                rows.extend(_rows(kept, scene, raster, labels, whole, config))
        if not has_valid_pixel:
            raise EmptyScene(raster.path)
        if not rows:
            raise NoValidChip(raster.path, config.min_valid)
    return rows


def _windows(scene: Scene, raster: Raster, config: IngestConfig) -> Iterator[list[_Window]]:
    size = config.chip_size
    cols = offsets(raster.width, size, config.chip_stride)
    for rows in row_groups(raster.height, size, config.chip_stride):
        height = rows[-1] + size - rows[0]
        codes = read_codes(raster, scene.properties.scale, rows[0], height, scene.properties.dn_offset_db or ())
        group = []
        for row in rows:
            for col in cols:
                chip = cut(codes, row - rows[0], col, size)
                # A pixel that lacks one polarisation is no whole measurement.
                group.append(_Window(row, col, chip, float((chip != NODATA_CODE).all(axis=0).mean())))
        yield group


def _read_labels(scene: Scene, raster: Raster) -> _Labels:
    cover, objects = scene.files.get("land_cover"), scene.files.get("objects")
    return _Labels(
        land_cover=None if cover is None else read_land_cover(cover, raster),
        objects=None if objects is None else read_objects(objects, raster),
    )


def _located(raster: Raster, rows: list[int], cols: list[int], shape: tuple[int, int]) -> Located:
    try:
        return locate(raster.crs, raster.affine, rows, cols, shape)
    except (ProjError, ValueError) as error:
        raise UnusableCRS(raster.path, raster.crs[:40]) from error


def _scene_columns(scene: Scene, raster: Raster, config: IngestConfig) -> dict[str, Any]:
    """Columns that are the same for all chips of a scene."""
    place = _place(scene, raster, config)
    properties = scene.properties
    return {
        "scene_id": scene.scene_id,
        "place_id": place,
        "split": split_of(place, config.split_seed, config.val_share, config.test_share),
        "simulated": properties.simulated,
        "height": config.chip_size,
        "width": config.chip_size,
        "crs": raster.crs or None,
        "datetime": scene.acquired,
        "platform": properties.platform,
        "frequency_band": properties.frequency_band or "unknown",
        "polarizations": list(properties.polarizations),
        "quantity": properties.quantity,
        "looks": properties.looks,
        "incidence_deg": properties.incidence_deg,
    }


def _place(scene: Scene, raster: Raster, config: IngestConfig) -> str:
    if not raster.is_georeferenced:
        return unplaced_id(scene.properties.group or scene.scene_id)
    centre = _located(raster, [0], [0], (raster.height, raster.width))
    return place_id(centre.longitude[0], centre.latitude[0], config.place_cell_deg)


def _rows(
    windows: list[_Window], scene: Scene, raster: Raster, labels: _Labels, whole: dict[str, Any], config: IngestConfig
) -> Iterator[Row]:
    size = config.chip_size
    affines = [affine_at(raster.affine, window.row, window.col) for window in windows]
    grounds = _ground_columns(windows, affines, raster, size)
    cells = _cells(scene, affines, raster.crs, config)
    for i, window in enumerate(windows):
        yield {
            **whole,
            "chip_id": f"{scene.scene_id}-r{window.row}-c{window.col}",
            "row": window.row,
            "col": window.col,
            **grounds[i],
            "valid_share": window.valid_share,
            "backscatter": window.codes.tobytes(),
            **_cell_columns(cells, i, scene),
            **_label_columns(labels, window, size),
        }


def _ground_columns(windows: list[_Window], affines: list[Affine], raster: Raster, size: int) -> list[dict[str, Any]]:
    """Where each chip lies; None in every column where nobody knows."""
    names = ("affine", "footprint", "longitude", "latitude", "spacing_m")
    if not raster.is_georeferenced:
        return [dict.fromkeys(names) for _ in windows]
    ground = _located(raster, [window.row for window in windows], [window.col for window in windows], (size, size))
    columns = (
        [list(one)[:6] for one in affines],
        ground.footprints,
        ground.longitude,
        ground.latitude,
        ground.spacing_m,
    )
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _cells(scene: Scene, affines: list[Affine], crs: str, config: IngestConfig) -> Cells | None:
    path = scene.files.get("alphaearth")
    if path is None:
        return None
    return read_embeddings(path, affines, crs, config.chip_size, config.alphaearth_grid, config.min_cell_area)


def _cell_columns(cells: Cells | None, chip: int, scene: Scene) -> dict[str, Any]:
    if cells is None or scene.acquired is None or not cells[1][chip].any():
        return {"alphaearth": None, "alphaearth_valid": None, "alphaearth_year": None}
    vectors, valid = cells[0][chip], cells[1][chip]
    year = scene.alphaearth_year or anchor_year(scene.acquired.year)
    return {"alphaearth": vectors.tobytes(), "alphaearth_valid": valid.tobytes(), "alphaearth_year": year}


def _label_columns(labels: _Labels, window: _Window, size: int) -> dict[str, Any]:
    cover, objects = labels.land_cover, labels.objects
    return {
        "land_cover": None if cover is None else cut(cover, window.row, window.col, size).tobytes(),
        "objects": None if objects is None else objects.of_chip(window.row, window.col, size),
    }
