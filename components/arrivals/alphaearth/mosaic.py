"""The part of AlphaEarth tiles that a scene covers, as one raster: pixels are copied as they are, never averaged."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from shapely.geometry.base import BaseGeometry

from components.arrivals.errors import RefusedItem
from components.geography.alphaearth import BANDS, NODATA
from components.geography.projection import Floats, crs_to_pixel, pixel_to_crs, transform
from components.rasters.opening import Raster

_MARGIN: Final = 2  # pixels around the footprint, for cells of chips at its edge
_STEP_DEG: Final = 0.02  # between points of a footprint's edge, which is no straight line in another projection
_ROWS: Final = 256

Window = tuple[int, int, int, int]  # row, column, height, width


@dataclass(frozen=True)
class Grid:
    """Where the pixels of the raster to be lie; north is up, whatever the tiles' row order is."""

    crs: str
    affine: Affine
    height: int
    width: int


def grid_over(footprint: BaseGeometry, tile: Raster, most_mib: int) -> Grid:
    """The pixels over a footprint (longitude, latitude), on the very grid of a tile.

    Raises:
        RefusedItem: the tile is no AlphaEarth tile, is rotated, or the raster would be larger than is allowed.
    """
    name, a = tile.path.name, tile.affine
    if tile.bands != BANDS or tile.dtype != "int8" or a.b or a.d:
        raise RefusedItem(name, f"{tile.bands} bands of {tile.dtype}, affine {tuple(a)[:6]}: no AlphaEarth tile")
    x, y = _outline(footprint, tile.crs)
    step_x, step_y = abs(a.a), abs(a.e)
    left, right = math.floor((x.min() - a.c) / step_x) - _MARGIN, math.ceil((x.max() - a.c) / step_x) + _MARGIN
    bottom, top = math.floor((y.min() - a.f) / step_y) - _MARGIN, math.ceil((y.max() - a.f) / step_y) + _MARGIN
    if (right - left) * (top - bottom) * BANDS > most_mib << 20:
        raise RefusedItem(name, f"{top - bottom} x {right - left} pixels are more than {most_mib} MiB (`most_mib`)")
    affine = Affine(step_x, 0.0, a.c + left * step_x, 0.0, -step_y, a.f + top * step_y)
    return Grid(tile.crs, affine, top - bottom, right - left)


class Mosaic:
    """A raster in the making, on disk."""

    def __init__(self, grid: Grid, folder: Path) -> None:
        """Begin with nothing known."""
        self.grid = grid
        shape = (BANDS, grid.height, grid.width)
        with tempfile.TemporaryFile(dir=folder) as file:  # what is mapped stays until nobody needs it
            self._pixels: npt.NDArray[np.int8] = np.memmap(file, np.int8, "w+", shape=shape)
        self._pixels[:] = NODATA

    def paste(self, tile: Raster, footprint: BaseGeometry) -> None:
        """Copy what a tile knows into pixels of which nothing is known; each of its blocks is read once."""
        for row, col, height, width in _blocks(tile, footprint):
            window = self._target(tile, (row, col, height, width))
            if window is None:
                continue
            tile_col, tile_row = self._in_tile(tile, window)
            inside = (tile_col >= col) & (tile_col < col + width) & (tile_row >= row) & (tile_row < row + height)
            if not inside.any():
                continue
            block = tile.read(row, col, height, width)
            found = block[:, (tile_row - row).clip(0, height - 1), (tile_col - col).clip(0, width - 1)]
            there = self._pixels[:, window[0] : window[0] + window[2], window[1] : window[1] + window[3]]
            is_new = inside & (there[0] == NODATA)
            if tile.nodata is not None and tile.nodata != NODATA:
                found = np.where(found == tile.nodata, np.int8(NODATA), found)
            there[:, is_new] = found[:, is_new]

    def write(self, target: Path) -> bool:
        """Write the raster as GeoTIFF, whole or not at all; false where nothing is known of any pixel."""
        if not any((self._pixels[0, row : row + _ROWS] != NODATA).any() for row in range(0, self.grid.height, _ROWS)):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        with rasterio.open(part, "w", **self._profile()) as sink:
            sink.descriptions = tuple(f"A{band:02d}" for band in range(BANDS))
            for row in range(0, self.grid.height, _ROWS):
                rows = np.ascontiguousarray(self._pixels[:, row : row + _ROWS])
                sink.write(rows, window=((row, row + rows.shape[1]), (0, self.grid.width)))
        part.replace(target)
        return True

    def _profile(self) -> dict[str, Any]:
        grid, form = self.grid, {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
        size = {"count": BANDS, "height": grid.height, "width": grid.width, "dtype": "int8", "nodata": NODATA}
        return {"driver": "GTiff", "crs": grid.crs, "transform": grid.affine, "bigtiff": "if_safer", **size, **form}

    def _target(self, tile: Raster, block: Window) -> Window | None:
        """The pixels of the raster that a block of a tile may fall on; None for none."""
        row, col, height, width = block
        along = np.linspace(0, 1, 33)
        edges = [(along, 0 * along), (along, 0 * along + 1), (0 * along, along), (0 * along + 1, along)]
        cols = np.concatenate([col + width * one for one, _ in edges])
        rows = np.concatenate([row + height * one for _, one in edges])
        x, y = transform(tile.crs, self.grid.crs, *pixel_to_crs(tile.affine, cols, rows))
        to_col, to_row = crs_to_pixel(self.grid.affine, x, y)
        known = np.isfinite(to_col) & np.isfinite(to_row)
        if not known.any():
            return None
        return _clipped(to_row[known], to_col[known], self.grid.height, self.grid.width)

    def _in_tile(self, tile: Raster, window: Window) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Column and row in a tile of the centres of pixels; -1 where its CRS has none."""
        row, col, height, width = window
        cols, rows = np.meshgrid(col + 0.5 + np.arange(width), row + 0.5 + np.arange(height))
        x, y = transform(self.grid.crs, tile.crs, *pixel_to_crs(self.grid.affine, cols, rows))
        tile_col, tile_row = crs_to_pixel(tile.affine, x, y)
        known = np.isfinite(tile_col) & np.isfinite(tile_row)
        found = [np.where(known, np.floor(one), -1).astype(np.int64) for one in (tile_col, tile_row)]
        return found[0], found[1]


def _outline(footprint: BaseGeometry, crs: str) -> tuple[Floats, Floats]:
    points = shapely.get_coordinates(shapely.segmentize(footprint, _STEP_DEG))
    return transform("EPSG:4326", crs, points[:, 0], points[:, 1])


def _blocks(tile: Raster, footprint: BaseGeometry) -> Iterator[Window]:
    """Blocks of a tile that the footprint's bounds touch."""
    cols, rows = crs_to_pixel(tile.affine, *_outline(footprint, tile.crs))
    known = np.isfinite(cols) & np.isfinite(rows)
    if not known.any():
        return
    wanted = _clipped(rows[known], cols[known], tile.height, tile.width)
    if wanted is None:
        return
    row, col, height, width = wanted
    block_height, block_width = tile.dataset.block_shapes[0]
    for top in range(row - row % block_height, row + height, block_height):
        for left in range(col - col % block_width, col + width, block_width):
            yield top, left, min(block_height, tile.height - top), min(block_width, tile.width - left)


def _clipped(rows: Floats, cols: Floats, height: int, width: int) -> Window | None:
    top, bottom = max(math.floor(rows.min()) - _MARGIN, 0), min(math.ceil(rows.max()) + _MARGIN, height)
    left, right = max(math.floor(cols.min()) - _MARGIN, 0), min(math.ceil(cols.max()) + _MARGIN, width)
    return (top, left, bottom - top, right - left) if bottom > top and right > left else None
