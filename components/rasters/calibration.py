"""From a product's own numbers to backscatter codes: linear power, decibels, digital numbers, bare amplitude."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from components.rasters.errors import WrongPolarization, WrongSampleType, WrongScale
from components.rasters.opening import Raster
from components.records.backscatter import NODATA_CODE, encode_decibels

Scale = Literal["linear", "decibel", "dn", "amplitude"]

_SAMPLE_TYPES: dict[Scale, tuple[str, ...]] = {
    "linear": ("float32", "float64"),
    "decibel": ("float32", "float64"),
    "dn": ("uint8", "uint16"),
    "amplitude": ("uint8",),
}

# No calibrated C- or X-band product holds values beyond these; a display stretch or linear power does.
_LEAST_DB, _MOST_DB = -80.0, 45.0
_MOST_IMPOSSIBLE = 0.5
_ROWS_AT_ONCE = 16  # what is made of them on the way stays in the processor's cache


def to_decibels(power: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Express backscatter in decibels, 10 log10(power).

    Args:
        power: sigma or gamma nought, linear power [1], any shape; NaN or <= 0 is nodata.

    Returns:
        The same shape and type [dB]; nodata is NaN.
    """
    positive = power > 0
    return np.where(positive, 10.0 * np.log10(power, out=np.zeros_like(power), where=positive), np.nan)


def check_bands(raster: Raster, polarizations: Sequence[str], scale: Scale) -> None:
    """Refuse a raster whose bands or sample type contradict what its item declares, before a pixel is read.

    Raises:
        WrongPolarization: not one band for each polarisation.
        WrongSampleType: decibels or linear power that are not floating point, digital numbers that are not unsigned
            integers of 8 or 16 bits, amplitude that is not uint8.
    """
    if raster.bands != len(polarizations):
        raise WrongPolarization(raster.path, raster.bands, ", ".join(polarizations))
    if raster.dtype not in _SAMPLE_TYPES[scale]:
        raise WrongSampleType(raster.path, raster.dtype, scale, " or ".join(_SAMPLE_TYPES[scale]))


def read_codes(
    raster: Raster, scale: Scale, row: int = 0, height: int | None = None, dn_offset_db: Sequence[float] = ()
) -> npt.NDArray[np.uint8]:
    """Rows of a raster as backscatter codes, (P, height, W) uint8; 0 is nodata.

    Decibels are kept, linear power and digital numbers become decibels, and all are quantised by
    `records.backscatter`. Amplitude stays uncalibrated: the product's own 1..255; a dark 0 that is not declared as
    nodata becomes 1.

    Args:
        raster: that passed `check_bands`.
        scale: what its samples are.
        row: the first row.
        height: how many rows; None reads to the end.
        dn_offset_db: for digital numbers, one a band: backscatter is 20 log10(DN) + offset [dB]; DN 0 is nodata.

    Raises:
        TruncatedRaster: the pixels cannot be decoded.
        WrongScale: most values are impossible on the declared scale.
    """
    samples = raster.read(row=row, height=height)
    if scale == "amplitude":
        missing = samples == raster.nodata if raster.nodata is not None else np.False_
        return np.where(missing, NODATA_CODE, np.maximum(samples, 1)).astype(np.uint8)
    if scale == "dn":
        return _codes_of_numbers(raster, samples, dn_offset_db)
    codes = np.empty(samples.shape, np.uint8)
    impossible = valid = 0
    for start in range(0, samples.shape[1], _ROWS_AT_ONCE):
        strip = slice(start, start + _ROWS_AT_ONCE)
        values = _without_nodata(samples[:, strip], raster.nodata)
        impossible += _impossible(values, scale)
        valid += int(np.count_nonzero(~np.isnan(values)))
        codes[:, strip] = encode_decibels(to_decibels(values) if scale == "linear" else values)
    _refuse_impossible(raster, scale, impossible, valid)
    return codes


def _codes_of_numbers(raster: Raster, samples: npt.NDArray[Any], offsets_db: Sequence[float]) -> npt.NDArray[np.uint8]:
    """Each of the 256 or 65,536 numbers that a sample can be is calibrated once, and samples are looked up."""
    codes = np.empty(samples.shape, np.uint8)
    impossible = valid = 0
    for band, offset_db in enumerate(offsets_db):
        decibels = _decibels_of_numbers(samples.dtype, offset_db, raster.nodata)
        np.take(encode_decibels(decibels), samples[band], out=codes[band])
        counts = np.bincount(samples[band].reshape(-1), minlength=decibels.size)
        impossible += int(counts[(decibels < _LEAST_DB) | (decibels > _MOST_DB)].sum())
        valid += int(counts[~np.isnan(decibels)].sum())
    _refuse_impossible(raster, "dn", impossible, valid)
    return codes


def _decibels_of_numbers(dtype: np.dtype[Any], offset_db: float, nodata: float | None) -> npt.NDArray[np.float64]:
    numbers = np.arange(np.iinfo(dtype).max + 1, dtype=np.float64)
    decibels = np.full(numbers.shape, np.nan)
    decibels[1:] = 20 * np.log10(numbers[1:]) + offset_db
    decibels[numbers == nodata] = np.nan
    return decibels


def _refuse_impossible(raster: Raster, scale: Scale, impossible: int, valid: int) -> None:
    share = impossible / max(valid, 1)
    if share > _MOST_IMPOSSIBLE:
        raise WrongScale(raster.path, scale, f"{share:.0%}")


def _without_nodata(samples: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[np.float32]:
    values = samples.astype(np.float32)
    if nodata is not None and np.isfinite(nodata):
        values[values == np.float32(nodata)] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def _impossible(values: npt.NDArray[np.float32], scale: Scale) -> int:
    beyond = values < 0 if scale == "linear" else (values < _LEAST_DB) | (values > _MOST_DB)
    return int(np.count_nonzero(beyond))
