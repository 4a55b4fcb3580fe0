"""Where the pixels of chips lie: on a raster's own grid, or on a coarser or finer one over the same ground."""

import math
from dataclasses import dataclass

from affine import Affine

from components.rasters.opening import Raster


@dataclass(frozen=True)
class Grid:
    """Pixels over the ground of a raster.

    Attributes:
        crs: of the raster; empty where no place is known.
        affine: (col, row) of a pixel's upper left corner to (x, y) in `crs`; the identity where no place is known.
        row_step: rows of the raster that one row of the grid covers; 1 = the raster's own.
        col_step: the same along a row.
    """

    crs: str
    affine: Affine
    height: int
    width: int
    row_step: float = 1.0
    col_step: float = 1.0

    @property
    def is_georeferenced(self) -> bool:
        """Whether it is known where the pixels lie."""
        return bool(self.crs)

    @property
    def is_native(self) -> bool:
        """Whether its pixels are those of the raster."""
        return self.row_step == self.col_step == 1.0


def grid_of(raster: Raster, row_step: float = 1.0, col_step: float = 1.0) -> Grid:
    """The grid that starts at a raster's upper left corner; pixels that would jut out of the raster are left out."""
    return Grid(
        crs=raster.crs,
        affine=raster.affine @ Affine.scale(col_step, row_step),
        height=math.floor(raster.height / row_step + 1e-9),
        width=math.floor(raster.width / col_step + 1e-9),
        row_step=row_step,
        col_step=col_step,
    )
