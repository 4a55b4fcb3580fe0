"""The 3x3 grid of a chip, its cells in reading order from the upper left and called as in the captions."""

import math

from components.records.families import CELLS as CELL_CODES

SIDE = 3
CELLS = tuple(code.replace("_", " ") for row in CELL_CODES for code in row)


def cell_index(x: float, y: float, width: int, height: int) -> int:
    """Index 0..8 of the cell that holds a point in chip pixels; points on the far edges belong to the last cell."""
    column = min(int(x * SIDE / width), SIDE - 1)
    row = min(int(y * SIDE / height), SIDE - 1)
    return row * SIDE + column


def cell_slices(index: int, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of the pixels whose centres lie in a cell; the nine cells share no pixel and leave none out."""
    row, column = divmod(index, SIDE)
    return slice(_first(row, height), _first(row + 1, height)), slice(_first(column, width), _first(column + 1, width))


def _first(place: int, size: int) -> int:
    # Pixel i has its centre at i + 0.5, so it lies beyond an edge e from i = ceil(e - 0.5) on.
    return math.ceil(place * size / SIDE - 0.5)
