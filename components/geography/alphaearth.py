"""AlphaEarth embeddings on a chip's own grid: dequantised, averaged by area, of unit length, missing where unknown."""

import numpy as np
import numpy.typing as npt
from affine import Affine
from scipy.sparse import csr_matrix

from components.geography.projection import Floats, crs_to_pixel, pixel_to_crs, transform

BANDS = 64
NODATA = -128
FIRST_YEAR = 2017  # AlphaEarth is annual from then on

# The midpoint rule samples each tile pixel at least twice along an axis: its error is below that of the 8-bit vectors.
_SAMPLES_PER_PIXEL = 2


def anchor_year(acquisition_year: int) -> int:
    """Year of the annual embedding that belongs to an acquisition: its own, or the first that exists."""
    return max(acquisition_year, FIRST_YEAR)


def dequantise(quantised: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Embedding values sign(q) (|q| / 127.5)^2, about -1..1, any shape; -128 (nodata) is NaN.

    Source: tag DEQUANTIZE of the published tiles. The mask comes first: -128 would become -1.008.
    """
    return _TABLE[quantised.astype(np.int16) - NODATA]


def _table() -> npt.NDArray[np.float32]:
    values = np.arange(NODATA, 128, dtype=np.float64)
    table = (np.sign(values) * (np.abs(values) / 127.5) ** 2).astype(np.float32)
    table[0] = np.nan
    return table


_TABLE = _table()


def cell_samples(
    chip_affines: list[Affine], size: int, grid: int, tile_crs: tuple[str, str], tile_affine: Affine
) -> tuple[Floats, Floats]:
    """Where sample points inside every grid cell of every chip lie in a tile.

    Args:
        chip_affines: of N chips of `size` x `size` pixels.
        size: side of a chip [pixel].
        grid: cells along a chip's side, G.
        tile_crs: CRS of the chips and CRS of the tile.
        tile_affine: of the tile; its row order is whatever the affine says, bottom-up tiles included.

    Returns:
        (col, row) in the tile, (N, G, G, S) each; S points spread evenly over a cell.
    """
    per_side = _points_per_side(chip_affines[0], size / grid, tile_affine)
    steps = (np.arange(grid * per_side) + 0.5) * (size / (grid * per_side))
    rows, cols = np.meshgrid(steps, steps, indexing="ij")
    found = [pixel_to_crs(affine, cols, rows) for affine in chip_affines]
    x, y = transform(*tile_crs, np.stack([one for one, _ in found]), np.stack([two for _, two in found]))
    tile_col, tile_row = crs_to_pixel(tile_affine, x, y)
    shape = (len(chip_affines), grid, per_side, grid, per_side)
    return _by_cell(tile_col, shape), _by_cell(tile_row, shape)


def cell_means(
    tile: npt.NDArray[np.int8], cols: Floats, rows: Floats, min_area: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Area mean of a tile in every cell, of unit length, and which cells have one.

    Args:
        tile: (64, h, w) int8.
        cols: sample points of the cells in the tile [pixel], (N, G, G, S).
        rows: likewise.
        min_area: least share of a cell that must lie on valid tile pixels, 0..1.

    Returns:
        (N, G, G, 64) float32, zeros where invalid, and (N, G, G) bool.
    """
    bands, height, width = tile.shape
    cells, points = cols[..., 0].size, cols.shape[-1]
    col, row = np.floor(cols).reshape(-1), np.floor(rows).reshape(-1)
    inside = np.isfinite(col) & np.isfinite(row) & (col >= 0) & (col < width) & (row >= 0) & (row < height)
    cell = np.repeat(np.arange(cells), points)[inside]
    pixel = (row[inside] * width + col[inside]).astype(np.int64)
    values = dequantise(tile.reshape(bands, -1))
    valid = np.asarray(np.isfinite(values).all(axis=0).reshape(-1), np.bool_)
    weights = csr_matrix((valid[pixel].astype(np.float32), (cell, pixel)), shape=(cells, height * width))
    sums = weights @ np.nan_to_num(values).T
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    share: Floats = np.asarray(weights.sum(axis=1), np.float64).reshape(-1) / points
    kept = np.asarray((share >= max(min_area, 1e-9)) & (length[:, 0] > 0)).reshape(-1)
    means = np.where(kept[:, None], sums / np.maximum(length, np.finfo(np.float32).tiny), 0).astype(np.float32)
    return means.reshape(*cols.shape[:-1], bands), kept.reshape(cols.shape[:-1])


def _points_per_side(chip_affine: Affine, cell_pixels: float, tile_affine: Affine) -> int:
    # Both in metres or both in degrees as a rule; where units differ, the bounds keep the work and the error sane.
    ratio = cell_pixels * (abs(chip_affine.determinant) / abs(tile_affine.determinant)) ** 0.5
    return int(np.clip(np.ceil(_SAMPLES_PER_PIXEL * ratio), 8, 64))


def _by_cell(values: Floats, shape: tuple[int, ...]) -> Floats:
    chips, grid, per_side = shape[0], shape[1], shape[2]
    return values.reshape(shape).transpose(0, 1, 3, 2, 4).reshape(chips, grid, grid, per_side * per_side)
