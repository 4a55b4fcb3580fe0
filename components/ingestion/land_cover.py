"""Land cover of a scene on its chips, read some rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.ingestion.errors import UnknownLandCover
from components.rasters.grids import Grid
from components.rasters.opening import Raster, check_same_grid, open_raster
from components.rasters.resampling import resample_classes, weights
from components.records.landcover import LAND_COVER, UNKNOWN

_CODES = (UNKNOWN, *LAND_COVER)
_MOST_RESAMPLED = 1_000_000  # source pixels whose shares of every class are formed at once


class LandCover:
    """An open land-cover raster on the pixels of its scene's backscatter."""

    def __init__(self, raster: Raster, grid: Grid) -> None:
        self._raster = raster
        self._grid = grid

    def rows(self, row: int, height: int) -> npt.NDArray[np.uint8]:
        """Codes of rows of the scene's grid, (height, W) uint8: where pixels were resampled, what covers most of each.

        Raises:
            TruncatedRaster: the pixels cannot be decoded.
            UnknownLandCover: codes without a meaning.
        """
        grid = self._grid
        if grid.is_native:
            return self._read(row, 0, height, grid.width)
        codes = np.empty((height, grid.width), np.uint8)
        row_weights = weights(row, row + height, grid.row_step, self._raster.height)
        source_rows = row_weights.stop - row_weights.start
        some = max(1, int(_MOST_RESAMPLED / source_rows / max(grid.col_step, 1)))
        for col in range(0, grid.width, some):
            col_weights = weights(col, min(col + some, grid.width), grid.col_step, self._raster.width)
            source_cols = col_weights.stop - col_weights.start
            sources = self._read(row_weights.start, col_weights.start, source_rows, source_cols)
            codes[:, col : col + some] = resample_classes(sources, tuple(LAND_COVER), row_weights, col_weights)
        return codes

    def _read(self, row: int, col: int, height: int, width: int) -> npt.NDArray[np.uint8]:
        codes = self._raster.read(row, col, height, width)[0]
        found = np.flatnonzero(np.bincount(codes.reshape(-1)))
        unknown = found[~np.isin(found, _CODES)]
        if unknown.size:
            raise _unknown(self._raster.path, ", ".join(str(code) for code in unknown[:8]))
        return np.asarray(codes, np.uint8)


@contextmanager
def open_land_cover(path: Path, reference: Raster, grid: Grid) -> Iterator[LandCover]:
    """Open the land cover of a scene.

    Args:
        path: a raster of class codes.
        reference: the scene's backscatter, whose grid it must share.
        grid: of the scene's chips.

    Raises:
        SceneError: the raster cannot be read.
        GridMismatch: it is not on the backscatter's grid.
        UnknownLandCover: another sample type than uint8, or more bands than one.
    """
    with open_raster(path, reference.is_georeferenced) as raster:
        check_same_grid(raster, reference)
        if raster.dtype != "uint8" or raster.bands != 1:
            raise _unknown(path, f"of {raster.dtype} in {raster.bands} bands")
        yield LandCover(raster, grid)


def _unknown(path: Path, listed: str) -> UnknownLandCover:
    return UnknownLandCover(path, listed, f"{_CODES[0]}..{_CODES[-1]} (uint8)")
