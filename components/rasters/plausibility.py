"""Whether the values of a scene can be what is claimed of them: a display stretch and linear power are no decibels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.rasters.calibration import Coding, to_decibels, to_power
from components.rasters.errors import SwappedPolarizations, UnlikelyValues
from components.rasters.opening import Raster
from components.records.backscatter import CO_POLARIZED

_SIDE = 256  # of the window in the middle that is looked at
_FEWEST_VALUES = 1000
_MOST_ABOVE_CO_DB = 0.5  # both channels are noise where the ground returns nothing
_FEWEST_LEVELS = 16  # fewer are a test chart, of which nothing can be said


def check_plausible(raster: Raster, polarizations: Sequence[str], coding: Coding) -> None:
    """Refuse a scene whose middle betrays another scale than the claimed one, or bands named in the wrong order.

    Args:
        raster: that passed `rasters.calibration.check_bands`.
        polarizations: claimed of its bands, in their order.
        coding: what its samples are claimed to be.

    Raises:
        TruncatedRaster: the middle cannot be decoded.
        UnlikelyValues: whole numbers of 0 to 255 (a display stretch), or decibels none of which lies below 0.
        SwappedPolarizations: the mean backscatter [dB] of a cross-polarised channel is more than half a decibel above
            that of the co-polarised one; of the amplitudes of two channels nothing is known.
    """
    height, width = min(_SIDE, raster.height), min(_SIDE, raster.width)
    values = raster.read((raster.height - height) // 2, (raster.width - width) // 2, height, width)
    if coding.scale in ("decibel", "linear"):
        _check_scale(raster, values[0], coding)
    if coding.scale != "amplitude":
        _check_polarizations(raster, values, polarizations, coding)


def _check_scale(raster: Raster, values: npt.NDArray[Any], coding: Coding) -> None:
    values = values[np.isfinite(values) & (values != raster.nodata)]
    if values.size < _FEWEST_VALUES or len(np.unique(values)) < _FEWEST_LEVELS:
        return
    if values.min() >= 0 and values.max() <= 255 and (values == np.rint(values)).all():
        raise UnlikelyValues(raster.path, coding.scale, "whole numbers from 0 to 255, a display stretch")
    if coding.scale == "decibel" and values.min() >= 0:
        raise UnlikelyValues(raster.path, coding.scale, "nowhere below 0, as linear power or amplitude is")


def _check_polarizations(
    raster: Raster, values: npt.NDArray[Any], polarizations: Sequence[str], coding: Coding
) -> None:
    pairs = [(cross, co) for cross, co in CO_POLARIZED.items() if {cross, co} <= set(polarizations)]
    if not pairs:
        return
    power, _ = to_power(values, raster.nodata, coding)
    decibels = dict(zip(polarizations, to_decibels(power), strict=True))
    for cross, co in pairs:
        above_db = decibels[cross] - decibels[co]
        above_db = above_db[np.isfinite(above_db)]
        if above_db.size >= _FEWEST_VALUES and above_db.mean() > _MOST_ABOVE_CO_DB:
            raise SwappedPolarizations(raster.path, cross, co, f"{above_db.mean():.1f}")
