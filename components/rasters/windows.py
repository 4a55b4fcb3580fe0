"""Where chips lie in a scene, and cutting them from its rows."""

import numpy as np
import numpy.typing as npt
from affine import Affine


def offsets(length: int, size: int, stride: int) -> list[int]:
    """Where windows of `size` start along an axis of `length`, `stride` apart.

    The last window ends at the axis' end, so that no pixel is lost; it may overlap its neighbour. Empty if
    `length` < `size`.
    """
    if length < size:
        return []
    starts = list(range(0, length - size + 1, stride))
    return starts if starts[-1] == length - size else [*starts, length - size]


def cut(pixels: npt.NDArray[np.uint8], row: int, col: int, size: int) -> npt.NDArray[np.uint8]:
    """The window (..., size, size) of (..., H, W) pixels, as memory of its own."""
    return np.ascontiguousarray(pixels[..., row : row + size, col : col + size])


def affine_at(affine: Affine, row: int, col: int) -> Affine:
    """The affine of a window that starts at (row, col): rotation and step stay, the origin moves."""
    return affine @ Affine.translation(col, row)
