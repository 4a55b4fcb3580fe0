"""Between a raster's pixels, its projected coordinates, and longitude and latitude (EPSG:4326)."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import Transformer

Floats = npt.NDArray[np.float64]
LON_LAT = "EPSG:4326"
_UTM_NORTH_DEG, _UTM_SOUTH_DEG = 84.0, -80.0


def pixel_to_crs(affine: Affine, cols: npt.ArrayLike, rows: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(x, y) of pixel positions; (0, 0) is the outer corner of the first pixel, (0.5, 0.5) its centre."""
    col, row = np.asarray(cols, np.float64), np.asarray(rows, np.float64)
    return (affine.a * col + affine.b * row + affine.c, affine.d * col + affine.e * row + affine.f)


def crs_to_pixel(affine: Affine, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(col, row) of projected coordinates, as fractions of pixels from the outer corner of the first; NaN for inf."""
    with np.errstate(invalid="ignore"):  # a point that the CRS does not have is inf, and inf times 0 is NaN
        return pixel_to_crs(~affine, x, y)


def transform(source: str, target: str, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Coordinates in another CRS; always x before y, longitude before latitude; inf where there are none.

    Raises:
        pyproj.exceptions.ProjError: a CRS is unknown or no operation leads from one to the other.
    """
    if source == target:
        return np.asarray(x, np.float64), np.asarray(y, np.float64)
    out_x, out_y = _transformer(source, target).transform(x, y)
    return np.asarray(out_x, np.float64), np.asarray(out_y, np.float64)


def pixel_to_lonlat(crs: str, affine: Affine, cols: npt.ArrayLike, rows: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude [degree] of pixel positions; inf where the CRS has none."""
    return transform(crs, LON_LAT, *pixel_to_crs(affine, cols, rows))


def lonlat_to_pixel(crs: str, affine: Affine, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(col, row) of longitudes and latitudes [degree], as fractions of pixels; inf or NaN where the CRS has none."""
    return crs_to_pixel(affine, *transform(LON_LAT, crs, lon, lat))


def local_projection(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> str:
    """CRS in metres around places near each other: the UTM zone of their middle, on either side of the antimeridian;
    beyond 84 N and 80 S, where UTM ends, a polar stereographic projection (EPSG:3413, EPSG:3031).

    Raises:
        ValueError: a place is none on Earth.
    """
    lon, lat = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    if not (np.isfinite(lon).all() and (np.abs(lat) <= 90).all()):
        raise ValueError("no longitude and latitude")
    angles, middle = np.radians(lon), float(lat.mean())
    centre = math.degrees(math.atan2(float(np.sin(angles).mean()), float(np.cos(angles).mean())))
    if middle > _UTM_NORTH_DEG:
        return "EPSG:3413"
    if middle < _UTM_SOUTH_DEG:
        return "EPSG:3031"
    zone = min(int((centre + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if middle >= 0 else 32700) + zone}"


@lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
