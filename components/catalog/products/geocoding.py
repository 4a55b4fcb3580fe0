"""From a radar image to a map: through its control points by a thin plate spline, with the accuracy of that stated.

Control points know the height of the ground at themselves only: between them, a hill is shifted towards the sensor by
its height above them over the tangent of the incidence angle. Terrain correction is upstream's job.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.errors import RasterioError
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window
from scipy.interpolate import RBFInterpolator

from components.catalog.errors import BrokenMetadata
from components.catalog.products.product import Facts
from components.catalog.products.writing import Grid
from components.geography.projection import LON_LAT, local_projection, transform
from components.rasters.errors import TruncatedRaster

Floats = npt.NDArray[np.float64]

_BLOCK = 2048
_TOLERANCE_PX = 0.01  # between the spline and its approximation along a row
_MOST_POINTS = 4000  # the spline's cost grows with their square
_MOST_GROWTH = 8  # pixels of the map for one of the image; a rotated square takes 2


@dataclass(frozen=True)
class ControlPoints:
    """Places of some pixels of an image.

    Attributes:
        path: the file that states them.
        row: from the upper edge of the image; 0.5 is the middle of its first row; (N,).
        col: from the left edge, alike; (N,).
        longitude: [degree]; (N,).
        latitude: [degree]; (N,).
    """

    path: Path
    row: Floats
    col: Floats
    longitude: Floats
    latitude: Floats


@dataclass(frozen=True)
class Geocoding:
    """How an image is laid on a map.

    Attributes:
        grid: of the map.
        easting: of the control points, in the CRS of `grid` [m]; (N,).
        northing: alike [m]; (N,).
        residual_m: root mean square distance between control points and where the spline through the others puts
            them [m]: an upper bound of its error between them.
    """

    points: ControlPoints
    grid: Grid
    easting: Floats
    northing: Floats
    residual_m: float


def plan(points: ControlPoints, shape: tuple[int, int], spacing_m: float) -> Geocoding:
    """A north-up map around an image, in the UTM zone of its middle, or polar stereographic beyond 84 N and 80 S.

    Args:
        points: at least three, not on one line.
        shape: height and width of the image.
        spacing_m: side of a pixel of the map.

    Raises:
        BrokenMetadata: the points lie nowhere, on one line, or make a map out of all proportion.
    """
    _check(points)
    crs = local_projection(points.longitude, points.latitude)
    easting, northing = transform(LON_LAT, crs, points.longitude, points.latitude)
    if not (np.isfinite(easting).all() and np.isfinite(northing).all()):
        raise BrokenMetadata(points.path, "a control point lies nowhere on the map")
    left, top = (np.floor(easting.min() / spacing_m) - 1, np.ceil(northing.max() / spacing_m) + 1)
    right, bottom = (np.ceil(easting.max() / spacing_m) + 1, np.floor(northing.min() / spacing_m) - 1)
    height, width = int(top - bottom), int(right - left)
    if height * width > _MOST_GROWTH * shape[0] * shape[1] + 10_000:
        raise BrokenMetadata(points.path, f"its control points make a map of {height} x {width} pixels")
    affine = Affine(spacing_m, 0, left * spacing_m, 0, -spacing_m, top * spacing_m)
    residual = _residual_m(points, easting, northing)
    return Geocoding(points, Grid(crs, affine, height, width), easting, northing, residual)


def blocks(grid: Grid) -> Iterator[Window]:
    """Windows that cover a map, row by row."""
    for row in range(0, grid.height, _BLOCK):
        for col in range(0, grid.width, _BLOCK):
            yield Window(col, row, min(_BLOCK, grid.width - col), min(_BLOCK, grid.height - row))


def attach(sink: Any, geocoding: Geocoding) -> None:
    """Give an image, open for writing, the control points through which `lay` lays it on the map."""
    points = geocoding.points
    places = zip(points.row, points.col, geocoding.easting, geocoding.northing, strict=True)
    sink.gcps = ([GroundControlPoint(row, col, x, y) for row, col, x, y in places], geocoding.grid.crs)


def lay(image: Path, geocoding: Geocoding, threads: int = 2) -> Iterator[tuple[Window, npt.NDArray[np.float32]]]:
    """The blocks of the map, bilinear in the image's own numbers; NaN where no pixel lies, or one without data.

    Args:
        image: float32, one band, with the control points of `attach`; NaN is nodata.
        geocoding: as planned.
        threads: that resample at once.

    Yields:
        A window of the map and its pixels, (height, width).

    Raises:
        TruncatedRaster: the image cannot be read.
    """
    with rasterio.open(image, driver="GTiff") as source:
        for window in blocks(geocoding.grid):
            block = np.full((window.height, window.width), np.nan, np.float32)
            try:
                reproject(
                    rasterio.band(source, 1), block, src_nodata=np.nan, dst_nodata=np.nan,
                    dst_crs=geocoding.grid.crs, resampling=Resampling.bilinear, num_threads=threads,
                    dst_transform=geocoding.grid.affine @ Affine.translation(window.col_off, window.row_off),
                    SRC_METHOD="GCP_TPS", tolerance=_TOLERANCE_PX,
                )  # fmt: skip
            except RasterioError as error:
                raise TruncatedRaster(image) from error
            yield window, block


def stated(geocoding: Geocoding, through: str) -> Facts:
    """What an item says of a geocoding: how it was done, and its accuracy."""
    return {
        "fusar:geocoding_residual_m": round(geocoding.residual_m, 2),
        "processing:lineage": f"geocoded by a thin plate spline through {geocoding.points.row.size} points of "
        f"{through}, bilinear in power; residual {geocoding.residual_m:.2f} m (root mean square); no terrain "
        "correction",
    }


def _check(points: ControlPoints) -> None:
    lon, lat = points.longitude, points.latitude
    if not 3 <= lon.size <= _MOST_POINTS:
        raise BrokenMetadata(points.path, f"{lon.size} control points; it takes 3 to {_MOST_POINTS}")
    numbers = np.concatenate([points.row, points.col, lon, lat])
    if not np.isfinite(numbers).all() or (np.abs(lat) > 90).any() or (np.abs(lon) > 360).any():
        raise BrokenMetadata(points.path, "a control point has no longitude and latitude")
    for x, y in ((points.row, points.col), (_unwrapped(lon), lat)):
        spread = np.linalg.svd(np.stack([x - x.mean(), y - y.mean()]), compute_uv=False)
        if spread[1] < 1e-6 * max(spread[0], 1e-12):
            raise BrokenMetadata(points.path, "its control points lie on one line")


def _unwrapped(lon: Floats) -> Floats:
    """Longitudes on one side of the first, so that their mean is among them at the antimeridian too."""
    return np.asarray(lon - 360 * np.rint((lon - lon[0]) / 360), np.float64)


def _residual_m(points: ControlPoints, easting: Floats, northing: Floats) -> float:
    """Each half of the points is put where the spline through the other half has it; few points, on an affine."""
    image, ground = np.stack([points.row, points.col], axis=1), np.stack([easting, northing], axis=1)
    scale = max(float(np.ptp(image)), 1.0)
    even = np.arange(len(image)) % 2 == 0
    if len(image) < 8:
        return _affine_residual_m(image, ground)
    missed = []
    try:
        for known in (even, ~even):
            spline = RBFInterpolator(image[known] / scale, ground[known], kernel="thin_plate_spline", degree=1)
            missed.append(spline(image[~known] / scale) - ground[~known])
    except np.linalg.LinAlgError:  # half of them on one line, or one point named twice
        return _affine_residual_m(image, ground)
    return float(np.sqrt((np.concatenate(missed) ** 2).sum(axis=1).mean()))


def _affine_residual_m(image: Floats, ground: Floats) -> float:
    design = np.column_stack([image, np.ones(len(image))])
    missed = design @ np.linalg.lstsq(design, ground, rcond=None)[0] - ground
    return float(np.sqrt((missed**2).sum(axis=1).mean()))
