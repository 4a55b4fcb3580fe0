"""Cutting one scene into chips: backscatter codes with place, time, labels and AlphaEarth."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.geography.extents import extent_of, grid_of_extent
from components.geography.places import place_id, split_of, unplaced_id
from components.ingestion.captions import check_extent
from components.ingestion.columns import Around, Chips, located, table_of
from components.ingestion.config import IngestConfig
from components.ingestion.errors import NoValidChip
from components.ingestion.items import Scene
from components.ingestion.labels import read_objects
from components.ingestion.land_cover import LandCover, open_land_cover
from components.rasters.calibration import Coding, check_bands
from components.rasters.errors import EmptyScene, TooSmall
from components.rasters.grids import Grid, grid_of
from components.rasters.opening import Raster, open_raster
from components.rasters.plausibility import check_plausible
from components.rasters.strips import chip_rows, code_strips
from components.rasters.windows import cut, offsets
from components.records.backscatter import NODATA_CODE
from components.records.tables import Row

Codes = npt.NDArray[np.uint8]


def chip_tables(scene: Scene, config: IngestConfig, decoders: int = 1) -> Iterator[pa.Table]:
    """Chips of one scene as `records.schemas.CHIPS`, by row and column, some rows of chips at a time.

    Args:
        scene: what its item says.
        config: of the stage.
        decoders: threads that decode its backscatter.

    Raises:
        TooSmall: the scene is smaller than one chip.
        CaptionOfMore: its caption is about more than one chip.
        EmptyScene: no pixel of it is valid.
        NoValidChip: no chip holds enough valid pixels.
        SceneError: another fault of one of the scene's files; tables may have come before.
    """
    properties, size = scene.properties, config.chip_size
    with ExitStack() as stack:
        raster = stack.enter_context(open_raster(scene.files["backscatter"], properties.georeferenced))
        check_bands(raster, properties.polarizations, properties.scale)
        coding = Coding(properties.scale, tuple(properties.dn_offset_db or ()))
        check_plausible(raster, properties.polarizations, coding)
        extent_m = extent_of(config.chip_extent_m, properties.product or "", properties.platform)
        grid = grid_of_extent(raster, extent_m, size)
        check_extent(scene, grid, config)
        rows, cols = (offsets(length, size, config.chip_stride) for length in (grid.height, grid.width))
        if not (rows and cols):
            raise TooSmall(raster.path, grid.height, grid.width, size)
        around = _around(scene, raster, grid, config)
        cover = scene.files.get("land_cover")
        land_cover = None if cover is None else stack.enter_context(open_land_cover(cover, raster, grid))
        measured = kept = False
        for row, codes in chip_rows(code_strips(raster, grid, coding, decoders), rows, size):
            chips, share = _cut(codes, row, cols, config)
            measured = measured or share > 0
            if chips.rows:
                kept = True
                yield table_of(_labelled(chips, land_cover, size), around)
        if not measured:
            raise EmptyScene(raster.path)
        if not kept:
            raise NoValidChip(raster.path, config.min_valid)


def chips_of(scene: Scene, config: IngestConfig) -> list[Row]:
    """The chips of a small scene as rows, for a look at them: `chip_tables` is for work."""
    return [row for table in chip_tables(scene, config) for row in table.to_pylist()]


def _cut(codes: Codes, row: int, cols: list[int], config: IngestConfig) -> tuple[Chips, float]:
    """Chips of one row with enough valid pixels, and the greatest share of valid pixels of any."""
    size = config.chip_size
    # A pixel that lacks one polarisation is no whole measurement.
    measured = codes.min(axis=0) != NODATA_CODE
    shares = np.array([np.count_nonzero(measured[:, col : col + size]) / size**2 for col in cols])
    kept = np.flatnonzero((shares >= config.min_valid) & (shares > 0))
    chips = np.empty((len(kept), len(codes), size, size), np.uint8)
    for chip, i in zip(chips, kept, strict=True):
        chip[:] = codes[:, :, cols[i] : cols[i] + size]
    return Chips([row] * len(kept), [cols[i] for i in kept], chips, shares[kept], None), float(shares.max())


def _labelled(chips: Chips, land_cover: LandCover | None, size: int) -> Chips:
    if land_cover is None:
        return chips
    codes = land_cover.rows(chips.rows[0], chips.rows[-1] + size - chips.rows[0])
    top = chips.rows[0]
    starts = zip(chips.rows, chips.cols, strict=True)
    return replace(chips, land_cover=np.stack([cut(codes, row - top, col, size) for row, col in starts]))


def _around(scene: Scene, raster: Raster, grid: Grid, config: IngestConfig) -> Around:
    objects = scene.files.get("objects")
    found = None if objects is None else read_objects(objects, raster).on(grid)
    return Around(scene, grid, config, _scene_columns(scene, raster, config), found)


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
    centre = located(scene, grid_of(raster), [0], [0], (raster.height, raster.width))
    return place_id(centre.longitude[0], centre.latitude[0], config.place_cell_deg)
