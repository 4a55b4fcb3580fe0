"""What a chip covers on the ground: its footprint, its centre and the ground distance between its pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import Geod

from components.geography.projection import Floats, pixel_to_lonlat

_WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Located:
    """Windows on the ground, one entry each.

    Attributes:
        footprints: WKB polygons in EPSG:4326, counter-clockwise. One that crosses the antimeridian goes on beyond 180.
        longitude: of the centres [degree], -180..180.
        latitude: of the centres [degree].
        spacing_m: geometric mean of the geodesic steps along a row and along a column at the centre [m].
    """

    footprints: list[bytes]
    longitude: Floats
    latitude: Floats
    spacing_m: Floats


def locate(crs: str, affine: Affine, rows: npt.ArrayLike, cols: npt.ArrayLike, shape: tuple[int, int]) -> Located:
    """Windows of `shape` (height, width) whose upper left pixels are at `rows`, `cols` of a raster.

    The footprint joins the four corners through the affine, so rotated and bottom-up rasters keep their true shape.

    Raises:
        pyproj.exceptions.ProjError: the CRS cannot be expressed in longitude and latitude.
        ValueError: a corner has no longitude and latitude.
    """
    row, col = np.atleast_1d(np.asarray(rows, np.float64)), np.atleast_1d(np.asarray(cols, np.float64))
    height, width = shape
    corner_cols = col[:, None] + np.array([0, 0, width, width])
    corner_rows = row[:, None] + np.array([0, height, height, 0])
    lon, lat = pixel_to_lonlat(crs, affine, corner_cols, corner_rows)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all() and (np.abs(lat) <= 90).all()):
        raise ValueError(f"corners without longitude and latitude in {crs}")
    centre_lon, centre_lat = pixel_to_lonlat(crs, affine, col + width / 2, row + height / 2)
    return Located(
        footprints=_polygons(_unwrapped(lon), lat),
        longitude=(centre_lon + 180) % 360 - 180,
        latitude=centre_lat,
        spacing_m=ground_spacing_m(crs, affine, row + height / 2, col + width / 2),
    )


def ground_spacing_m(crs: str, affine: Affine, rows: npt.ArrayLike, cols: npt.ArrayLike) -> Floats:
    """Ground distance between neighbouring pixels [m] at pixel positions, from geodesics on WGS 84.

    The affine's own step is in map units: in World Mercator at 34 N it is 1.2 times too long.
    """
    along_col, along_row = ground_steps_m(crs, affine, rows, cols)
    return np.sqrt(along_row * along_col)


def ground_steps_m(crs: str, affine: Affine, rows: npt.ArrayLike, cols: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Ground distance [m] at pixel positions from a row to the next, and from a column to the next."""
    row, col = np.asarray(rows, np.float64), np.asarray(cols, np.float64)
    along_row = _geodesic_m(crs, affine, (row, col - 0.5), (row, col + 0.5))
    along_col = _geodesic_m(crs, affine, (row - 0.5, col), (row + 0.5, col))
    return along_col, along_row


def _geodesic_m(crs: str, affine: Affine, start: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> Floats:
    lon0, lat0 = pixel_to_lonlat(crs, affine, start[1], start[0])
    lon1, lat1 = pixel_to_lonlat(crs, affine, end[1], end[0])
    return np.asarray(_WGS84.inv(lon0, lat0, lon1, lat1)[2], np.float64)


def _unwrapped(lon: Floats) -> Floats:
    """Longitudes of each polygon on one side of its first corner, so that none spans the globe at the antimeridian."""
    turns = np.rint((lon - lon[:, :1]) / 360)
    return np.asarray(lon - 360 * turns, np.float64)


def _polygons(lon: Floats, lat: Floats) -> list[bytes]:
    polygons = shapely.orient_polygons(shapely.polygons(np.stack([lon, lat], axis=-1)))
    return list(shapely.to_wkb(polygons))
