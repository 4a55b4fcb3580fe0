"""The columns of a served request, read and checked."""

import base64
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from components.inference.errors import BadRequest

BANDS: Final = 64  # of an AlphaEarth vector
MAX_CELLS: Final = 64  # along a side of the AlphaEarth grid: one for each merged patch of the largest chip
MAX_QUESTION: Final = 2000  # [character]
MAX_SPACING_M: Final = 1000.0
_UNIT: Final = 1.001  # the largest component of a unit vector, with room for rounding

Float32 = npt.NDArray[np.float32]


def decode_alphaearth(row: Mapping[str, Any]) -> tuple[Float32, npt.NDArray[np.bool_]] | tuple[None, None]:
    """AlphaEarth vectors (G, G, 64) and which cells are valid, (G, G); (None, None) where the column is empty.

    Args:
        row: `alphaearth` is little-endian float32 in base64; a cell that is not finite or all zeros counts as missing.

    Raises:
        BadRequest: the bytes are no square grid of 64-band vectors with values from -1 to 1, at most 64 x 64.
    """
    if not is_given(row, "alphaearth"):
        return None, None
    data = decoded(row, "alphaearth")
    side = int(np.sqrt(len(data) // (4 * BANDS)))
    if not 0 < side <= MAX_CELLS or side * side * BANDS * 4 != len(data):
        problem = f"holds {len(data)} bytes, which is no G x G grid of {BANDS} float32 values with G up to {MAX_CELLS}"
        raise BadRequest("alphaearth", problem)
    vectors = np.frombuffer(data, dtype="<f4").reshape(side, side, BANDS).astype(np.float32)
    valid = np.isfinite(vectors).all(axis=-1) & (np.abs(vectors).sum(axis=-1) > 0)
    if np.abs(vectors[valid]).max(initial=0) > _UNIT:
        raise BadRequest("alphaearth", "holds a value beyond -1 to 1; send de-quantised vectors of unit length")
    return np.where(valid[..., np.newaxis], vectors, np.float32(0)), valid


def question_of(row: Mapping[str, Any]) -> str:
    """The question, up to 2000 characters.

    Raises:
        BadRequest: it is missing, empty or longer.
    """
    question = text_of(row, "question")
    if len(question) > MAX_QUESTION:
        raise BadRequest("question", f"has {len(question)} characters; the limit is {MAX_QUESTION}")
    return question


def spacing_of(row: Mapping[str, Any], of_grid: float | None) -> float:
    """Ground sample distance [m]: the column `spacing_m`, or that of the chip's own grid where the column is empty.

    Raises:
        BadRequest: neither says it, or the column is not above 0 and up to 1000.
    """
    given = row.get("spacing_m")
    if given is None or math.isnan(given):
        if of_grid is None:
            raise BadRequest("spacing_m", "is missing: a PNG does not say how far its pixels are apart [m]")
        return of_grid
    if not 0 < given <= MAX_SPACING_M:
        raise BadRequest("spacing_m", f"is {given}; give metres above 0 and up to {MAX_SPACING_M:.0f}")
    return float(given)


def is_given(row: Mapping[str, Any], column: str) -> bool:
    """Whether a text column holds anything.

    Raises:
        BadRequest: it holds something that is no text.
    """
    value = row.get(column)
    if value is None or value != value:  # pandas turns what is left out into NaN, the one value unlike itself
        return False
    if not isinstance(value, str):
        raise BadRequest(column, f"is {value!r:.40}, which is no text")
    return value != ""


def text_of(row: Mapping[str, Any], column: str) -> str:
    """A required text column.

    Raises:
        BadRequest: it is missing or empty.
    """
    if not is_given(row, column):
        raise BadRequest(column, "is missing or empty")
    return str(row[column])


def decoded(row: Mapping[str, Any], column: str) -> bytes:
    """The bytes of a required base64 column.

    Raises:
        BadRequest: it is missing or empty, or not base64.
    """
    try:
        return base64.b64decode(text_of(row, column), validate=True)
    except ValueError as error:  # binascii.Error is one; characters beyond ASCII are another
        raise BadRequest(column, "is not base64") from error
