"""Where chips lie in a scene, and cutting them from its rows."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from affine import Affine

# Enough rows for tiles of 512 pixels to be decoded once, few enough for a wide scene to fit in memory.
_ROWS_AT_ONCE = 512


def offsets(length: int, size: int, stride: int) -> list[int]:
    """Where windows of `size` start along an axis of `length`, `stride` apart.

    The last window ends at the axis' end, so that no pixel is lost; it may overlap its neighbour. Empty if
    `length` < `size`.
    """
    if length < size:
        return []
    starts = list(range(0, length - size + 1, stride))
    return starts if starts[-1] == length - size else [*starts, length - size]


def row_groups(height: int, size: int, stride: int) -> Iterator[list[int]]:
    """Chip rows that are read together: lists of row offsets whose span stays near 512 rows."""
    group: list[int] = []
    for row in offsets(height, size, stride):
        if group and row + size - group[0] > max(_ROWS_AT_ONCE, size):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def cut(pixels: npt.NDArray[np.uint8], row: int, col: int, size: int) -> npt.NDArray[np.uint8]:
    """The window (..., size, size) of (..., H, W) pixels, as memory of its own."""
    return np.ascontiguousarray(pixels[..., row : row + size, col : col + size])


def affine_at(affine: Affine, row: int, col: int) -> Affine:
    """The affine of a window that starts at (row, col): rotation and step stay, the origin moves."""
    return affine @ Affine.translation(col, row)
