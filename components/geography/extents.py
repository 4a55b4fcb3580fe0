"""How large the pixels of chips are: a raster's own, or such that a chip covers the ground that was asked for."""

from collections.abc import Mapping

import numpy as np
from pyproj.exceptions import ProjError

from components.geography.footprints import ground_steps_m
from components.rasters.errors import TooCoarse, UnusableCRS
from components.rasters.grids import Grid, grid_of
from components.rasters.opening import Raster

# Interpolated further, a pixel says nothing of its own.
_FINEST_STEP = 0.25
# A chip whose extent is right within half a pixel keeps the product's own pixels.
_TOLERANCE_PIXELS = 0.5


def extent_of(extents_m: Mapping[str, float], product: str, platform: str) -> float | None:
    """Side of a scene's chips [m]: what is set for its product family, else for its platform, else None."""
    return extents_m.get(product, extents_m.get(platform))


def grid_of_extent(raster: Raster, extent_m: float | None, chip_size: int) -> Grid:
    """The pixels of a scene's chips, square on the ground at its centre.

    Args:
        raster: the scene.
        extent_m: side of a chip on the ground [m]; None keeps the raster's pixels, as does a raster without a place.
        chip_size: side of a chip [pixel].

    Raises:
        TooCoarse: the raster's pixels are more than four times as large.
        UnusableCRS: its centre has no longitude and latitude.
    """
    if extent_m is None or not raster.is_georeferenced:
        return grid_of(raster)
    row_m, col_m = _steps_m(raster)
    wanted_m = extent_m / chip_size
    if wanted_m < _FINEST_STEP * max(row_m, col_m):
        raise TooCoarse(raster.path, f"{max(row_m, col_m):.3g}", f"{wanted_m:.3g}")
    return grid_of(raster, *(_step(wanted_m / own_m, chip_size) for own_m in (row_m, col_m)))


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
