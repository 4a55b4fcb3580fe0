"""Pixel grids in UTM: from a place on the globe to rows and columns and back."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from affine import Affine

from components.geography.projection import LON_LAT, pixel_to_lonlat, transform

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A north-up (or, with `affine.e > 0`, bottom-up) raster grid.

    Attributes:
        epsg: code of the UTM zone.
        affine: (col, row) of pixel corners to (easting, northing) [m].
        height: rows.
        width: columns.
    """

    epsg: int
    affine: Affine
    height: int
    width: int

    def lonlat(self, cols: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes [degree] of (col, row) positions, pixel corners being whole numbers."""
        return pixel_to_lonlat(f"EPSG:{self.epsg}", self.affine, cols, rows)


def utm_epsg(longitude: float, latitude: float) -> int:
    """EPSG code of the UTM zone (WGS 84) that holds a point [degree]."""
    zone = int((longitude + 180) // 6) + 1
    return (32600 if latitude >= 0 else 32700) + zone


def scene_grid(longitude: float, latitude: float, spacing_m: float, size_px: int) -> Grid:
    """North-up grid of size_px x size_px pixels centred on a point; its corner lies on whole metres."""
    epsg = utm_epsg(longitude, latitude)
    x, y = (float(value) for value in transform(LON_LAT, f"EPSG:{epsg}", longitude, latitude))
    half = size_px * spacing_m / 2
    affine = Affine(spacing_m, 0, round(x - half), 0, -spacing_m, round(y + half))
    return Grid(epsg, affine, size_px, size_px)


def alphaearth_grid(scene: Grid, spacing_m: float = 10.0) -> Grid:
    """Bottom-up grid on multiples of its spacing that covers a scene, as AlphaEarth tiles at Source Cooperative lie."""
    left, top = scene.affine @ (0, 0)
    right, bottom = scene.affine @ (scene.width, scene.height)
    west, south = (math.floor(value / spacing_m) * spacing_m for value in (left, bottom))
    width = math.ceil((right - west) / spacing_m)
    height = math.ceil((top - south) / spacing_m)
    return Grid(scene.epsg, Affine(spacing_m, 0, west, 0, spacing_m, south), height, width)
