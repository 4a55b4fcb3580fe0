"""How backscatter is kept in 8 bits: decibels on one fixed scale for every sensor."""

from typing import Final

import numpy as np
import numpy.typing as npt

NODATA_CODE = 0
FIRST_CODE_DB = -40.0
STEP_DB = 0.25
# Cross-polarised channel and the co-polarised one that was sent with it: the ground returns less of the former.
CO_POLARIZED: Final = {"VH": "VV", "HV": "HH"}


def encode_decibels(decibels: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Quantise backscatter [dB] to codes 1..255 (-40.00 to +23.50 dB in steps of 0.25); NaN becomes 0, nodata.

    Any shape, which is kept. Values beyond the scale are clipped to its ends; within it the error is at most half a
    step, 0.125 dB.
    """
    codes = np.clip(np.rint((decibels - FIRST_CODE_DB) / STEP_DB) + 1, 1, 255)
    return np.where(np.isfinite(decibels), codes, NODATA_CODE).astype(np.uint8)


def decode_decibels(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Express codes as backscatter [dB]; code 0 (nodata) becomes NaN. Shape is kept."""
    decibels = FIRST_CODE_DB + (codes.astype(np.float32) - 1) * STEP_DB
    return np.where(codes == NODATA_CODE, np.float32(np.nan), decibels).astype(np.float32)
