"""GeoTIFFs that say where they lie by ground control points alone: geocoded through them, the residual in the item.

The polynomial is GDAL's: of first order up to 5 points, of second from 6 on. The scene is resampled by the nearest
pixel, so that no value is made up, to the points' own CRS where that is projected, else to the UTM zone (beyond 84 N
and 80 S the polar stereographic projection) of their centre. `fusar:geocoding_residual_m` is the root mean square of
what the polynomial leaves at the points: over terrain the error between them is larger. Terrain correction is not done
here. What the raster holds is for the person to say, as for any GeoTIFF.

Run on windows of the real Umbra, pyroSAR and Los Angeles files to which control points were given in place of their
affine; not run on a product that comes with control points.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import CRS, Geod
from pyproj.exceptions import ProjError
from rasterio.control import GroundControlPoint
from rasterio.errors import RasterioError
from rasterio.transform import GCPTransformer
from rasterio.windows import Window

from components.catalog.errors import UnusableControlPoints
from components.catalog.products.geotiff import of_descriptions
from components.catalog.products.product import ConvertedProduct, Facts, one_scene
from components.catalog.products.writing import Grid, geotiff
from components.geography.projection import LON_LAT, local_projection, transform
from components.rasters.errors import MissingCRS, SceneError, TruncatedRaster, WrongSampleType
from components.rasters.opening import open_image

_FEWEST_POINTS = 3
_TILE = 512
_BORDER = 33  # places on each side of the scene that are put on the ground
_MOST_GROWTH = 16  # pixels of the geocoded scene for each of its own
_DTYPES = ("uint8", "uint16", "float32", "float64")


@dataclass(frozen=True)
class _Points:
    """Control points in a projected CRS."""

    crs: str
    points: list[GroundControlPoint]


def _matches(path: Path) -> bool:
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return False
    try:
        with open_image(path) as dataset:
            return len(dataset.gcps[0]) > 0 and dataset.transform == Affine.identity()
    except SceneError:  # it is opened again, and then its fault is named
        return False


def _convert(path: Path, target: Path) -> Facts:
    with open_image(path) as dataset:
        if dataset.dtypes[0] not in _DTYPES:
            raise WrongSampleType(path, dataset.dtypes[0], "of any kind", " or ".join(_DTYPES))
        points = _projected(path, dataset)
        with _transformer(path, points) as transformer:
            residuals = _residuals_m(points, transformer)
            grid = _grid(path, dataset, points.crs, transformer)
            _write(path, dataset, transformer, grid, target)
        stated = of_descriptions(dataset.descriptions)
    rms = math.sqrt(float(np.mean(residuals**2)))
    count, order = len(points.points), 1 if len(points.points) < 6 else 2
    return {
        **stated,
        "fusar:geocoding": "control points",
        "fusar:geocoding_residual_m": round(rms, 3),
        "processing:lineage": (
            f"geocoded by a polynomial of order {order} through {count} ground control points, nearest pixel; residual "
            f"{rms:.2f} m (root mean square), {float(residuals.max()):.2f} m at most; no terrain correction"
        ),
    }


def _projected(path: Path, dataset: Any) -> _Points:
    """The points in a CRS in which they are near each other, wherever on Earth they lie."""
    points, crs = dataset.gcps
    if len(points) < _FEWEST_POINTS:
        raise UnusableControlPoints(path, f"are {len(points)}, fewer than {_FEWEST_POINTS}")
    if not crs:
        raise MissingCRS(path)
    source = crs.to_wkt()
    x, y = np.array([point.x for point in points]), np.array([point.y for point in points])
    try:
        target = source if CRS.from_wkt(source).is_projected else local_projection(*transform(source, LON_LAT, x, y))
        x, y = transform(source, target, x, y)
    except (ProjError, ValueError) as error:
        raise UnusableControlPoints(path, "have no longitude and latitude") from error
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UnusableControlPoints(path, "have no longitude and latitude")
    moved = [GroundControlPoint(p.row, p.col, *xy) for p, *xy in zip(points, x.tolist(), y.tolist(), strict=True)]
    return _Points(target, moved)


def _transformer(path: Path, points: _Points) -> GCPTransformer:
    try:
        return GCPTransformer(points.points)
    except Exception as error:  # GDAL's own errors among them, of which rasterio exports no class
        raise UnusableControlPoints(path, "fit no polynomial") from error


def _residuals_m(points: _Points, transformer: GCPTransformer) -> npt.NDArray[np.float64]:
    """Ground distance [m] between each point and where the polynomial puts it."""
    x, y = transformer.xy([p.row for p in points.points], [p.col for p in points.points], offset="ul")
    lon, lat = transform(points.crs, LON_LAT, x, y)
    true_lon, true_lat = transform(points.crs, LON_LAT, [p.x for p in points.points], [p.y for p in points.points])
    return np.asarray(Geod(ellps="WGS84").inv(lon, lat, true_lon, true_lat)[2], np.float64)


def _grid(path: Path, dataset: Any, crs: str, transformer: GCPTransformer) -> Grid:
    """North-up, square pixels of the size that the scene's have in its middle, around all of its border."""
    height, width = dataset.height, dataset.width
    along, flat = np.linspace(0, 1, _BORDER), np.zeros(_BORDER)
    rows = np.concatenate([flat, flat + height, along * height, along * height])
    cols = np.concatenate([along * width, along * width, flat, flat + width])
    x, y = (np.asarray(at, np.float64) for at in transformer.xy(rows, cols, offset="ul"))
    middle_x, middle_y = (
        np.asarray(at, np.float64)
        for at in transformer.xy(height / 2 + np.array([0.0, 0, 1]), width / 2 + np.array([0.0, 1, 0]), offset="ul")
    )
    (col_x, row_x), (col_y, row_y) = middle_x[1:] - middle_x[0], middle_y[1:] - middle_y[0]
    step = math.sqrt(abs(col_x * row_y - row_x * col_y))
    if not (np.isfinite(x).all() and np.isfinite(y).all() and step > 0):
        raise UnusableControlPoints(path, "span no area")
    columns, lines = math.ceil(np.ptp(x) / step), math.ceil(np.ptp(y) / step)
    # A point with a wrong coordinate would make a scene of half the world.
    if columns * lines > _MOST_GROWTH * height * width + _TILE * _TILE:
        raise UnusableControlPoints(path, f"would spread {width} x {height} pixels over {columns} x {lines}")
    return Grid(crs, Affine(step, 0, float(x.min()), 0, -step, float(y.max())), lines, columns)


def _write(path: Path, dataset: Any, transformer: GCPTransformer, grid: Grid, target: Path) -> None:
    fill = _Fill(path, dataset)
    with geotiff(target, grid, dataset.count, dataset.dtypes[0], fill.value) as sink:
        for row in range(0, grid.height, _TILE):
            for col in range(0, grid.width, _TILE):
                window = Window(col, row, min(_TILE, grid.width - col), min(_TILE, grid.height - row))
                sink.write(_tile(path, dataset, transformer, grid, window, fill), window=window)


def _tile(
    path: Path, dataset: Any, transformer: GCPTransformer, grid: Grid, window: Window, fill: "_Fill"
) -> npt.NDArray[Any]:
    rows, cols = np.mgrid[0 : window.height, 0 : window.width]
    x, y = grid.affine @ (cols.ravel() + window.col_off + 0.5, rows.ravel() + window.row_off + 0.5)
    from_row, from_col = (np.asarray(at, np.int64) for at in transformer.rowcol(x, y))
    inside = (from_row >= 0) & (from_row < dataset.height) & (from_col >= 0) & (from_col < dataset.width)
    out = np.full((dataset.count, rows.size), fill.value, dataset.dtypes[0])
    if inside.any():
        top, left = int(from_row[inside].min()), int(from_col[inside].min())
        bottom, right = int(from_row[inside].max()) + 1, int(from_col[inside].max()) + 1
        samples = _read(path, dataset, Window(left, top, right - left, bottom - top))
        out[:, inside] = fill.moved(samples[:, from_row[inside] - top, from_col[inside] - left])
    return out.reshape(dataset.count, *rows.shape)


def _read(path: Path, dataset: Any, window: Window) -> npt.NDArray[Any]:
    try:
        return np.asarray(dataset.read(window=window))
    except RasterioError as error:
        raise TruncatedRaster(path) from error


class _Fill:
    """What stands where the scene does not reach, a value that is no datum of it."""

    def __init__(self, path: Path, dataset: Any) -> None:
        self._nodata, self._dtype = dataset.nodata, dataset.dtypes[0]
        self._merged = False
        if self._dtype.startswith("float"):
            self.value: float = math.nan
        elif self._nodata is not None:
            self.value = self._nodata
        elif self._dtype == "uint16":
            self.value = 0  # digital numbers have no 0
        else:
            self.value = self._unused(path, dataset)

    def moved(self, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Samples as they are written: nodata of floating point is NaN."""
        if self._dtype.startswith("float") and self._nodata is not None:
            return np.where(samples == self._nodata, np.nan, samples)
        if self._merged:
            return np.where(samples == 254, 255, samples).astype(samples.dtype)
        return samples

    def _unused(self, path: Path, dataset: Any) -> float:
        """A value of 8 bits that no pixel has; where all are taken, 254, whose pixels become 255 (0.03 dB)."""
        used = np.zeros(256, bool)
        for row in range(0, dataset.height, _TILE):
            window = Window(0, row, dataset.width, min(_TILE, dataset.height - row))
            used[np.unique(_read(path, dataset, window))] = True
        if used.all():
            self._merged = True
            return 254.0
        return float(np.flatnonzero(~used)[0])


PRODUCT = ConvertedProduct(
    name="geotiff-control-points",
    title="any GeoTIFF with ground control points and no affine: geocoded, the rest by --set or --template",
    matches=_matches,
    scenes=one_scene(_convert),
)
