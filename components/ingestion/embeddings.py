"""AlphaEarth vectors of a scene's chips, read from the tile that its item names."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj.exceptions import ProjError

from components.geography.alphaearth import BANDS, NODATA, cell_means, cell_samples
from components.geography.projection import Floats
from components.ingestion.errors import NotAlphaEarth
from components.rasters.errors import UnusableCRS
from components.rasters.opening import Raster, open_raster

Cells = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]


def read_embeddings(path: Path, chip_affines: list[Affine], crs: str, size: int, grid: int, min_area: float) -> Cells:
    """AlphaEarth on the merged-patch grid of chips that lie near each other.

    Args:
        path: an AlphaEarth tile, 64 bands of int8; it may cover the chips in part, or not at all.
        chip_affines: of N chips.
        crs: of the chips.
        size: side of a chip [pixel].
        grid: cells along a chip's side, G.
        min_area: least valid share of a cell's area, 0..1.

    Returns:
        (N, G, G, 64) float32 of unit length, zeros where invalid, and (N, G, G) bool.

    Raises:
        NotAlphaEarth: another count of bands or sample type.
        UnusableCRS: the chips cannot be placed in the tile's CRS.
        SceneError: the tile cannot be read.
    """
    with open_raster(path) as tile:
        if tile.bands != BANDS or tile.dtype != "int8":
            raise NotAlphaEarth(path, tile.bands, tile.dtype)
        try:
            cols, rows = cell_samples(chip_affines, size, grid, (crs, tile.crs), tile.affine)
        except ProjError as error:
            raise UnusableCRS(path, tile.crs[:40]) from error
        window = _window(cols, rows, tile)
        if window is None:
            shape = cols.shape[:-1]
            return np.zeros((*shape, BANDS), np.float32), np.zeros(shape, np.bool_)
        row, col, height, width = window
        pixels = tile.read(row, col, height, width)
        if tile.nodata is not None and tile.nodata != NODATA:
            pixels = np.where(pixels == tile.nodata, NODATA, pixels)
    return cell_means(pixels.astype(np.int8, copy=False), cols - col, rows - row, min_area)


def _window(cols: Floats, rows: Floats, tile: Raster) -> tuple[int, int, int, int] | None:
    """Part of the tile that the samples fall on (row, col, height, width); None if they all miss it."""
    inside = (cols >= 0) & (cols < tile.width) & (rows >= 0) & (rows < tile.height)
    if not inside.any():
        return None
    row, col = int(rows[inside].min()), int(cols[inside].min())
    return row, col, int(rows[inside].max()) - row + 1, int(cols[inside].max()) - col + 1
