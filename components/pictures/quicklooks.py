"""A scene at a glance: its chips laid side by side, reduced to a small picture."""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from components.pictures.stacks import COLUMNS, stacks

LAID: Final = ("row", "col", *COLUMNS)
_AT_ONCE: Final = 256  # chips reduced at once: memory does not grow with the scene
_LOW, _HIGH = 2, 99.5  # percentiles of the valid pixels that become black and white


def mosaic(table: pa.Table, side: int) -> npt.NDArray[np.uint8]:
    """The first polarisation of a scene, (h, w) codes with both sides at most `side`; 0 where there is no chip.

    Args:
        table: the chips of one scene, at least the columns LAID.
        side: the longer side of the picture at most [pixel].
    """
    rows, cols, heights, widths = (table[name].to_numpy() for name in ("row", "col", "height", "width"))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    top, left = rows.min(), cols.min()
    tall, wide = int((rows + heights).max() - top), int((cols + widths).max() - left)
    step = max(1, -(-max(tall, wide) // side))
    sums = np.zeros((-(-tall // step), -(-wide // step)), np.float64)
    counts = np.zeros_like(sums)
    for places, codes in stacks(table):
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            first = codes[start : start + _AT_ONCE, 0]
            # Every pixel falls into the cell of the picture that its scene row and column lie in.
            down = (rows[some][:, None] - top + np.arange(first.shape[1])) // step
            across = (cols[some][:, None] - left + np.arange(first.shape[2])) // step
            where = (down[:, :, None], across[:, None, :])
            np.add.at(sums, where, first)
            np.add.at(counts, where, first > 0)
    return np.asarray(np.where(counts > 0, np.rint(sums / np.maximum(counts, 1)), 0), np.uint8)


def quicklook_png(table: pa.Table, side: int) -> bytes:
    """PNG of `mosaic`, stretched for the eye; black where there is no chip or no valid pixel."""
    return png(mosaic(table, side))


def png(codes: npt.NDArray[np.uint8]) -> bytes:
    """Codes (h, w) as PNG, the 2nd to the 99.5th percentile of the valid ones from black to white; 0 is black."""
    valid = codes[codes > 0]
    low, high = np.percentile(valid, (_LOW, _HIGH)) if valid.size else (0.0, 1.0)
    scaled = np.clip((codes.astype(np.float32) - low) / max(high - low, 1.0), 0, 1)
    buffer = io.BytesIO()
    Image.fromarray(np.where(codes > 0, np.rint(255 * scaled), 0).astype(np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()
