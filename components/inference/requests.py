"""From the columns of a served request to what the networks take."""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.inference.errors import BadRequest

BANDS: Final = 64  # of an AlphaEarth vector
_PLANES: Final = {"L": 1, "LA": 2}
_MAX_SIDE: Final = 4096

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


def decode_chip(row: Mapping[str, Any]) -> tuple[UInt8, tuple[str, ...]]:
    """Backscatter codes (P, H, W) and the polarizations that name the planes, from `image` and `polarizations`.

    Args:
        row: `image` is a PNG in base64, mode L (one polarization) or LA (two), each pixel an 8-bit backscatter code
            (components.records.backscatter); `polarizations` names the planes, "VV" or "VV,VH".

    Raises:
        BadRequest: a column is missing or does not hold what it should.
    """
    polarizations = tuple(name.strip() for name in text_of(row, "polarizations").split(",") if name.strip())
    try:
        with Image.open(io.BytesIO(_decoded(row, "image")), formats=("PNG",)) as image:
            if image.mode not in _PLANES or max(image.size) > _MAX_SIDE:
                raise BadRequest("image", f"is {image.mode} of {image.size}; send L or LA, sides up to {_MAX_SIDE}")
            pixels = np.asarray(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise BadRequest("image", f"is no PNG ({error})") from error
    codes = pixels[np.newaxis] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
    if len(codes) != len(polarizations):
        raise BadRequest("polarizations", f"names {len(polarizations)} planes, but the image has {len(codes)}")
    return codes, polarizations


def encode_chip(codes: UInt8) -> str:
    """The `image` column for backscatter codes of one or two planes, (P, H, W)."""
    image = Image.fromarray(codes[0]) if len(codes) == 1 else Image.fromarray(codes.transpose(1, 2, 0), "LA")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def decode_alphaearth(row: Mapping[str, Any]) -> tuple[Float32, npt.NDArray[np.bool_]] | tuple[None, None]:
    """AlphaEarth vectors (G, G, 64) and which cells are valid, (G, G); (None, None) where the column is empty.

    Args:
        row: `alphaearth` is little-endian float32 in base64; a cell that is not finite or all zeros counts as missing.

    Raises:
        BadRequest: the bytes are no square grid of 64-band vectors.
    """
    if not is_given(row, "alphaearth"):
        return None, None
    data = _decoded(row, "alphaearth")
    side = int(np.sqrt(len(data) // (4 * BANDS)))
    if side == 0 or side * side * BANDS * 4 != len(data):
        raise BadRequest("alphaearth", f"holds {len(data)} bytes, which is no G x G grid of {BANDS} float32 values")
    vectors = np.frombuffer(data, dtype="<f4").reshape(side, side, BANDS).astype(np.float32)
    valid = np.isfinite(vectors).all(axis=-1) & (np.abs(vectors).sum(axis=-1) > 0)
    return np.where(valid[..., np.newaxis], vectors, np.float32(0)), valid


def is_given(row: Mapping[str, Any], column: str) -> bool:
    """Whether an optional column holds anything (pandas turns what is left out into NaN)."""
    value = row.get(column)
    return isinstance(value, str) and value != ""


def text_of(row: Mapping[str, Any], column: str) -> str:
    """A required text column.

    Raises:
        BadRequest: it is missing or empty.
    """
    if not is_given(row, column):
        raise BadRequest(column, "is missing or empty")
    return str(row[column])


def _decoded(row: Mapping[str, Any], column: str) -> bytes:
    try:
        return base64.b64decode(text_of(row, column), validate=True)
    except binascii.Error as error:
        raise BadRequest(column, f"is not base64 ({error})") from error
