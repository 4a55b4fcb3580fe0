"""The one place that opens rasters: whatever a file claims to be is checked before a pixel is read."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from components.rasters.errors import (
    GridMismatch,
    InflatedRaster,
    MissingAsset,
    MissingCRS,
    NotAGeoTIFF,
    PlaceKnown,
    TruncatedRaster,
    UnusableAffine,
)

# Such rasters are refused by UnusableAffine, which says more.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

# Classic and BigTIFF in both byte orders. GDAL would take a VRT named scene.tif, and a VRT reads any file or URL.
_TIFF_STARTS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
# Sidecars (.ovr, .aux.xml, .tfw) may be VRTs too or move the scene: only what stands inside the TIFF counts.
_GDAL_SETTINGS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_CACHEMAX": 16 << 20,  # bytes; by default a twentieth of the machine, which a large scene fills for nothing
}
# Real scenes shrink by less than 20; a 112 kB bomb of 28.8 GB by 257,000.
_MOST_INFLATION = 200
_SMALL_BYTES = 64_000_000  # an empty label raster may shrink by more than that and harms nobody


@dataclass(frozen=True)
class Raster:
    """An open GeoTIFF that passed the checks of `open_raster`.

    Attributes:
        crs: authority code such as EPSG:32631, or WKT where there is none; empty where no place is known.
        affine: (col, row) of a pixel's upper left corner to (x, y) in `crs`; rotations and bottom-up rows included.
            The identity where no place is known.
        nodata: declared nodata value, or None.
    """

    path: Path
    crs: str
    affine: Affine
    height: int
    width: int
    bands: int
    dtype: str
    nodata: float | None
    block_height: int
    block_width: int
    dataset: Any

    @property
    def is_georeferenced(self) -> bool:
        """Whether it says where its pixels lie."""
        return bool(self.crs)

    def read(self, row: int = 0, col: int = 0, height: int | None = None, width: int | None = None) -> npt.NDArray[Any]:
        """Samples of a window inside the raster, (bands, height, width) in the file's own type.

        Raises:
            TruncatedRaster: the pixels cannot be decoded.
        """
        window = Window(col, row, self.width - col if width is None else width, height or self.height - row)
        # The settings are those of a thread, and whoever opened it may have been another one.
        with rasterio.Env(**_GDAL_SETTINGS):
            try:
                return np.asarray(self.dataset.read(window=window))
            except RasterioError as error:
                raise TruncatedRaster(self.path) from error


@contextmanager
def open_image(path: Path) -> Iterator[Any]:
    """Open a TIFF for its pixels, wherever they lie; nothing outside the file itself is looked at.

    Yields:
        A `rasterio.DatasetReader`.

    Raises:
        MissingAsset: there is no such file.
        NotAGeoTIFF: the file is of another kind, such as a VRT named .tif.
        TruncatedRaster: uncompressed and shorter than its header says.
        InflatedRaster: a decompression bomb.
    """
    _check_start(path)
    with rasterio.Env(**_GDAL_SETTINGS):
        try:
            # A resolved path never reads as a GDAL prefix or a URL.
            dataset = rasterio.open(path.resolve(), driver="GTiff")
        except (RasterioError, UnicodeDecodeError) as error:  # the latter from damaged metadata
            raise NotAGeoTIFF(path) from error
        with dataset:
            _check_size(path, dataset)
            yield dataset


@contextmanager
def open_raster(path: Path, is_georeferenced: bool = True) -> Iterator[Raster]:
    """Open a GeoTIFF for reading; nothing outside the file itself is looked at.

    Args:
        path: the file.
        is_georeferenced: False for a TIFF of which nobody knows where it lies; it must then not say so itself.

    Raises:
        MissingAsset: there is no such file.
        NotAGeoTIFF: the file is of another kind, such as a VRT named .tif.
        TruncatedRaster: uncompressed and shorter than its header says.
        InflatedRaster: a decompression bomb.
        MissingCRS: no coordinate reference system.
        UnusableAffine: missing, singular or not finite.
        PlaceKnown: it has a CRS, though it should have none.
    """
    with open_image(path) as dataset:
        yield _described(path, dataset) if is_georeferenced else _unplaced(path, dataset)


def check_same_grid(raster: Raster, reference: Raster) -> None:
    """Refuse a raster that is not on the reference's pixels (sub-pixel float noise is allowed).

    Raises:
        GridMismatch: naming the first of size, CRS and affine that differs.
    """
    if (raster.height, raster.width) != (reference.height, reference.width):
        raise GridMismatch(raster.path, "size")
    if raster.crs != reference.crs:
        raise GridMismatch(raster.path, "CRS")
    tolerance = 1e-3 * math.sqrt(abs(reference.affine.determinant))
    if not raster.affine.almost_equals(reference.affine, tolerance):
        raise GridMismatch(raster.path, "affine")


def _check_start(path: Path) -> None:
    if not path.is_file():  # a pipe would be waited for without end
        raise MissingAsset(path)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise MissingAsset(path) from error
    if start not in _TIFF_STARTS:
        raise NotAGeoTIFF(path)


def _check_size(path: Path, dataset: Any) -> None:
    kind = dataset.dtypes[0]  # a TIFF has one for all bands
    sample_bytes = 4 if kind == "complex_int16" else np.dtype(kind).itemsize
    raw = dataset.width * dataset.height * dataset.count * sample_bytes
    stored = path.stat().st_size
    if dataset.compression is None and stored < raw:
        raise TruncatedRaster(path)
    if raw > _SMALL_BYTES and raw > _MOST_INFLATION * stored:
        raise InflatedRaster(path, raw // stored, _MOST_INFLATION)


def _described(path: Path, dataset: Any) -> Raster:
    crs = _crs(path, dataset)
    affine: Affine = dataset.transform
    numbers = tuple(affine)[:6]
    if not all(map(math.isfinite, numbers)) or affine == Affine.identity() or abs(affine.determinant) < 1e-18:
        raise UnusableAffine(path, numbers)
    return _raster(path, dataset, crs, affine)


def _unplaced(path: Path, dataset: Any) -> Raster:
    try:
        has_crs = bool(dataset.crs or dataset.gcps[0])
    except CRSError:  # it names one, whatever that is
        has_crs = True
    if has_crs:
        raise PlaceKnown(path)
    return _raster(path, dataset, "", Affine.identity())


def _raster(path: Path, dataset: Any, crs: str, affine: Affine) -> Raster:
    return Raster(
        path=path,
        crs=crs,
        affine=affine,
        height=dataset.height,
        width=dataset.width,
        bands=dataset.count,
        dtype=dataset.dtypes[0],
        nodata=dataset.nodata,
        block_height=dataset.block_shapes[0][0],
        block_width=dataset.block_shapes[0][1],
        dataset=dataset,
    )


def _crs(path: Path, dataset: Any) -> str:
    try:
        crs = dataset.crs
        if crs:
            authority = crs.to_authority()
            return ":".join(authority) if authority else str(crs.to_wkt())
    except CRSError as error:
        raise MissingCRS(path) from error
    raise MissingCRS(path)
