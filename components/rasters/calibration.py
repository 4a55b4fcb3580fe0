"""From a product's own numbers to backscatter codes: linear power, decibels, digital numbers, bare amplitude."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.rasters.errors import WrongPolarization, WrongSampleType, WrongScale
from components.rasters.opening import Raster
from components.records.backscatter import NODATA_CODE, encode_decibels

Scale = Literal["linear", "decibel", "dn", "amplitude"]
Codes = npt.NDArray[np.uint8]
Powers = npt.NDArray[np.float32]

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
_COUNTED = 64  # every 64th row of digital numbers is counted: that tells a wrong offset as well as all of them


@dataclass(frozen=True)
class Coding:
    """What the samples of a raster mean.

    Attributes:
        dn_offset_db: for digital numbers, one a band: backscatter is 20 log10(DN) + offset [dB]; DN 0 is nodata.
    """

    scale: Scale
    dn_offset_db: tuple[float, ...] = ()


@dataclass(frozen=True)
class Tally:
    """How many samples are valid, and how many of them are impossible on the declared scale."""

    valid: int = 0
    impossible: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.valid + other.valid, self.impossible + other.impossible)


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
) -> Codes:
    """Rows of a raster as backscatter codes, (P, height, W) uint8; 0 is nodata.

    Args:
        raster: that passed `check_bands`.
        scale: what its samples are.
        row: the first row.
        height: how many rows; None reads to the end.
        dn_offset_db: see `Coding`.

    Raises:
        TruncatedRaster: the pixels cannot be decoded.
        WrongScale: most values are impossible on the declared scale.
    """
    samples = raster.read(row=row, height=height)
    codes = np.empty(samples.shape, np.uint8)
    refuse_impossible(raster, scale, encode(samples, raster.nodata, Coding(scale, tuple(dn_offset_db)), codes))
    return codes


def encode(samples: npt.NDArray[Any], nodata: float | None, coding: Coding, codes: Codes) -> Tally:
    """Write samples (P, h, W) as backscatter codes into `codes`, which has their shape.

    Decibels are kept, linear power and digital numbers become decibels, and all are quantised by
    `records.backscatter`. Amplitude stays uncalibrated: the product's own 1..255; a dark 0 that is not declared as
    nodata becomes 1.
    """
    if coding.scale == "amplitude":
        missing = samples == nodata if nodata is not None else np.False_
        codes[:] = np.where(missing, NODATA_CODE, np.maximum(samples, 1))
        return Tally()
    if coding.scale == "dn":
        return _encode_numbers(samples, nodata, coding.dn_offset_db, codes)
    tally = Tally()
    for start in range(0, samples.shape[1], _ROWS_AT_ONCE):
        strip = slice(start, start + _ROWS_AT_ONCE)
        values = _without_nodata(samples[:, strip], nodata)
        tally += _tally(values, coding.scale)
        codes[:, strip] = encode_decibels(to_decibels(values) if coding.scale == "linear" else values)
    return tally


def to_power(samples: npt.NDArray[Any], nodata: float | None, coding: Coding) -> tuple[Powers, Tally]:
    """Samples (P, h, W) as linear power, NaN where there is none: what may be averaged; an amplitude is squared."""
    if coding.scale == "amplitude":
        power = np.square(samples, dtype=np.float32)
        power[samples == nodata] = np.nan
        return power, Tally()
    if coding.scale == "dn":
        tables = [_decibels_of_numbers(samples.dtype, offset, nodata) for offset in coding.dn_offset_db]
        powers = [(10 ** (table / 10)).astype(np.float32) for table in tables]
        kinds = [_kinds_of_numbers(samples.dtype, offset, nodata) for offset in coding.dn_offset_db]
        counted = [_tally_numbers(samples[band], kind) for band, kind in enumerate(kinds)]
        return np.stack([power[samples[band]] for band, power in enumerate(powers)]), sum(counted, Tally())
    values = _without_nodata(samples, nodata)
    tally = _tally(values, coding.scale)
    if coding.scale == "linear":
        values[values <= 0] = np.nan
        return values, tally
    return np.power(np.float32(10), values / 10), tally


def encode_power(power: Powers, coding: Coding) -> Codes:
    """Linear power, NaN = nodata, as codes of the same shape: what `to_power` took apart."""
    if coding.scale != "amplitude":
        return encode_decibels(to_decibels(power))
    amplitude = np.clip(np.rint(np.sqrt(power)), 1, 255)
    return np.where(np.isnan(power), NODATA_CODE, amplitude).astype(np.uint8)


def refuse_impossible(raster: Raster, scale: Scale, tally: Tally) -> None:
    """Refuse a raster that cannot be on its declared scale.

    Raises:
        WrongScale: most of its values are impossible there.
    """
    share = tally.impossible / max(tally.valid, 1)
    if share > _MOST_IMPOSSIBLE:
        raise WrongScale(raster.path, scale, f"{share:.0%}")


def _encode_numbers(
    samples: npt.NDArray[Any], nodata: float | None, offsets_db: Sequence[float], codes: Codes
) -> Tally:
    """Each of the 256 or 65,536 numbers that a sample can be is calibrated once, and samples are looked up."""
    tally = Tally()
    for band, offset_db in enumerate(offsets_db):
        table = _codes_of_numbers(samples.dtype, offset_db, nodata)
        # Arrow looks up by 16-bit indices; NumPy would make 64-bit ones of them first. No number is beyond the table.
        found = pc.take(table, pa.array(samples[band].reshape(-1)), boundscheck=False)
        codes[band] = found.to_numpy().reshape(samples[band].shape)
        tally += _tally_numbers(samples[band], _kinds_of_numbers(samples.dtype, offset_db, nodata))
    return tally


@lru_cache(maxsize=8)
def _decibels_of_numbers(dtype: np.dtype[Any], offset_db: float, nodata: float | None) -> npt.NDArray[np.float64]:
    numbers = np.arange(np.iinfo(dtype).max + 1, dtype=np.float64)
    decibels = np.full(numbers.shape, np.nan)
    decibels[1:] = 20 * np.log10(numbers[1:]) + offset_db
    decibels[numbers == nodata] = np.nan
    return decibels


@lru_cache(maxsize=8)
def _codes_of_numbers(dtype: np.dtype[Any], offset_db: float, nodata: float | None) -> pa.Array:
    return pa.array(encode_decibels(_decibels_of_numbers(dtype, offset_db, nodata)))


@lru_cache(maxsize=8)
def _kinds_of_numbers(dtype: np.dtype[Any], offset_db: float, nodata: float | None) -> npt.NDArray[np.uint8]:
    """Of each number: 0 nodata, 1 possible, 2 impossible."""
    decibels = _decibels_of_numbers(dtype, offset_db, nodata)
    impossible = (decibels < _LEAST_DB) | (decibels > _MOST_DB)
    return np.where(np.isnan(decibels), 0, np.where(impossible, 2, 1)).astype(np.uint8)


def _tally_numbers(samples: npt.NDArray[Any], kinds: npt.NDArray[np.uint8]) -> Tally:
    _, possible, impossible = np.bincount(kinds[samples[::_COUNTED]].reshape(-1), minlength=3)
    return Tally(int(possible + impossible), int(impossible))


def _tally(values: npt.NDArray[np.float32], scale: Scale) -> Tally:
    beyond = values < 0 if scale == "linear" else (values < _LEAST_DB) | (values > _MOST_DB)
    return Tally(int(np.count_nonzero(~np.isnan(values))), int(np.count_nonzero(beyond)))


def _without_nodata(samples: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[np.float32]:
    values = samples.astype(np.float32)
    if nodata is not None and np.isfinite(nodata):
        values[values == np.float32(nodata)] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values
