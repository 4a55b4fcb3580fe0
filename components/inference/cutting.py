"""A scene in chips of the shape that a model was trained on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from components.geography.extents import extent_of, grid_of_extent
from components.inference.sensing import Bands
from components.rasters.calibration import Coding
from components.rasters.grids import Grid
from components.rasters.opening import Raster
from components.rasters.strips import chip_rows, code_strips
from components.rasters.windows import cut, offsets

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ChipShape:
    """The chips that a model was trained on.

    Attributes:
        size: side [pixel].
        extent_m: side on the ground by `fusar:product` or platform [m]; other scenes are cut in their own pixels.
    """

    size: int
    extent_m: Mapping[str, float] = field(default_factory=dict)

    def grid(self, raster: Raster, bands: Bands) -> Grid:
        """The pixels that a scene is cut from.

        Raises:
            TooCoarse: the scene's pixels are more than four times as large.
            UnusableCRS: its centre has no longitude and latitude.
        """
        return grid_of_extent(raster, extent_of(self.extent_m, bands.product, bands.platform), self.size)

    def rows(self, grid: Grid) -> list[int]:
        """Where rows of chips start; the last one may overlap its neighbour."""
        return offsets(grid.height, self.size, self.size)

    def chips(self, raster: Raster, bands: Bands, grid: Grid) -> Iterator[list[tuple[int, int, Codes]]]:
        """Row by row the chips that hold a valid pixel: row and column in the grid, and codes (P, size, size).

        Raises:
            TruncatedRaster: pixels cannot be decoded.
            WrongScale: most values of the scene are impossible on its scale; known behind the last row.
        """
        cols = offsets(grid.width, self.size, self.size)
        strips = code_strips(raster, grid, Coding(bands.scale, bands.dn_offset_db), 1)
        for row, codes in chip_rows(strips, self.rows(grid), self.size):
            chips = ((row, col, cut(codes, 0, col, self.size)) for col in cols)
            yield [chip for chip in chips if chip[2].any()]
