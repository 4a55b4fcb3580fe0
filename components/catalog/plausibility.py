"""Whether the values of a scene can be what is claimed of them: a display stretch and linear power are no decibels."""

from collections.abc import Sequence

import numpy as np
from rasterio.windows import Window

from components.catalog.errors import SwappedPolarizations, UnlikelyValues
from components.rasters.calibration import Coding, Scale, to_decibels, to_power
from components.rasters.opening import Raster
from components.records.backscatter import CO_POLARIZED

_SIDE = 512  # of the window in the middle that is looked at
_FEWEST_VALUES = 1000
_MOST_ABOVE_CO_DB = 0.5  # both channels are noise where the ground returns nothing
_FEWEST_LEVELS = 16  # fewer are a test chart, of which nothing can be said


def check_values(raster: Raster, scale: Scale) -> None:
    """Refuse floating point whose values betray another scale than the claimed one.

    Raises:
        UnlikelyValues: whole numbers of 0 to 255 (a display stretch), or decibels none of which lies below 0.
    """
    if scale not in ("decibel", "linear"):
        return
    values = raster.dataset.read(1, window=_middle(raster))
    values = values[np.isfinite(values) & (values != raster.nodata)]
    if values.size < _FEWEST_VALUES or len(np.unique(values)) < _FEWEST_LEVELS:
        return
    if values.min() >= 0 and values.max() <= 255 and (values == np.rint(values)).all():
        raise UnlikelyValues(raster.path, scale, "whole numbers from 0 to 255, a display stretch")
    if scale == "decibel" and values.min() >= 0:
        raise UnlikelyValues(raster.path, scale, "nowhere below 0, as linear power or amplitude is")


def check_polarizations(raster: Raster, polarizations: Sequence[str], coding: Coding) -> None:
    """Refuse a scene whose bands are named in the wrong order.

    Args:
        raster: that passed `rasters.calibration.check_bands`.
        polarizations: claimed of its bands, in their order.
        coding: what its samples are; nothing is known of how the amplitudes of two channels compare.

    Raises:
        SwappedPolarizations: in the middle of the scene the mean backscatter [dB] of a cross-polarised channel is more
            than half a decibel above that of the co-polarised one.
    """
    pairs = [(cross, co) for cross, co in CO_POLARIZED.items() if {cross, co} <= set(polarizations)]
    if not pairs or coding.scale == "amplitude":
        return
    power, _ = to_power(raster.dataset.read(window=_middle(raster)), raster.nodata, coding)
    decibels = dict(zip(polarizations, to_decibels(power), strict=True))
    for cross, co in pairs:
        above_db = decibels[cross] - decibels[co]
        above_db = above_db[np.isfinite(above_db)]
        if above_db.size >= _FEWEST_VALUES and above_db.mean() > _MOST_ABOVE_CO_DB:
            raise SwappedPolarizations(raster.path, cross, co, f"{above_db.mean():.1f}")


def _middle(raster: Raster) -> Window:
    height, width = min(_SIDE, raster.height), min(_SIDE, raster.width)
    return Window((raster.width - width) // 2, (raster.height - height) // 2, width, height)
