"""How large the pixels of a scene's chips are: its own, or such that a chip covers the ground that was asked for."""

import numpy as np
from pyproj.exceptions import ProjError

from components.geography.footprints import ground_steps_m
from components.ingestion.config import IngestConfig
from components.ingestion.errors import TooCoarse
from components.ingestion.items import Properties
from components.rasters.errors import UnusableCRS
from components.rasters.grids import Grid, grid_of
from components.rasters.opening import Raster

# Interpolated further, a pixel says nothing of its own.
_FINEST_STEP = 0.25
# A chip whose extent is right within half a pixel keeps the product's own pixels.
_TOLERANCE_PIXELS = 0.5


def chip_grid(raster: Raster, properties: Properties, config: IngestConfig) -> Grid:
    """The pixels of a scene's chips: square on the ground at its centre where an extent is set for its family.

    Raises:
        TooCoarse: the product's pixels are more than four times as large.
        UnusableCRS: its centre has no longitude and latitude.
    """
    extents, product = config.chip_extent_m, properties.product or ""
    extent_m = extents.get(product, extents.get(properties.platform))
    if extent_m is None or not raster.is_georeferenced:
        return grid_of(raster)
    row_m, col_m = _steps_m(raster)
    wanted_m = extent_m / config.chip_size
    if wanted_m < _FINEST_STEP * max(row_m, col_m):
        raise TooCoarse(raster.path, f"{max(row_m, col_m):.3g}", f"{wanted_m:.3g}")
    return grid_of(raster, *(_step(wanted_m / own_m, config.chip_size) for own_m in (row_m, col_m)))


def _steps_m(raster: Raster) -> tuple[float, float]:
    try:
        steps = ground_steps_m(raster.crs, raster.affine, raster.height / 2, raster.width / 2)
    except ProjError as error:
        raise UnusableCRS(raster.path, raster.crs[:40]) from error
    down, along = float(steps[0]), float(steps[1])
    if not (np.isfinite(down) and np.isfinite(along) and down > 0 and along > 0):
        raise UnusableCRS(raster.path, raster.crs[:40])
    return down, along


def _step(step: float, chip_size: int) -> float:
    return 1.0 if abs(step - 1) * chip_size < _TOLERANCE_PIXELS else step
