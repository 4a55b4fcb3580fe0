"""Whether the values of a scene can be what is claimed of them: a display stretch and linear power are no decibels."""

import numpy as np
from rasterio.windows import Window

from components.catalog.errors import UnlikelyValues
from components.rasters.calibration import Scale
from components.rasters.opening import Raster

_SIDE = 512  # of the window in the middle that is looked at
_FEWEST_VALUES = 1000
_FEWEST_LEVELS = 16  # fewer are a test chart, of which nothing can be said


def check_values(raster: Raster, scale: Scale) -> None:
    """Refuse floating point whose values betray another scale than the claimed one.

    Raises:
        UnlikelyValues: whole numbers of 0 to 255 (a display stretch), or decibels none of which lies below 0.
    """
    if scale not in ("decibel", "linear"):
        return
    height, width = min(_SIDE, raster.height), min(_SIDE, raster.width)
    window = Window((raster.width - width) // 2, (raster.height - height) // 2, width, height)
    values = raster.dataset.read(1, window=window)
    values = values[np.isfinite(values) & (values != raster.nodata)]
    if values.size < _FEWEST_VALUES or len(np.unique(values)) < _FEWEST_LEVELS:
        return
    if values.min() >= 0 and values.max() <= 255 and (values == np.rint(values)).all():
        raise UnlikelyValues(raster.path, scale, "whole numbers from 0 to 255, a display stretch")
    if scale == "decibel" and values.min() >= 0:
        raise UnlikelyValues(raster.path, scale, "nowhere below 0, as linear power or amplitude is")
