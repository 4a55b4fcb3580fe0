"""A Sentinel-1 measurement as backscatter power in radar geometry: noise and borders removed, calibrated, in strips."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window
from scipy.ndimage import uniform_filter1d

from components.catalog.errors import BrokenMetadata
from components.catalog.products.geocoding import Geocoding, attach
from components.catalog.sentinel1.annotation import Annotation
from components.catalog.sentinel1.folder import Image
from components.catalog.sentinel1.tables import Noise, Table
from components.rasters.errors import TruncatedRaster
from components.rasters.opening import open_image

_ROWS = 256
# Before processor 2.90 the borders of an image held small numbers instead of zeros.
_BORDER_COLS = 500
_BORDER_MEAN = 31  # columns over which speckle is averaged before a border is told from a dark sea
_BORDER_DN2 = 25.0  # power of digital numbers; the darkest sea has some hundreds above its noise


def write_power(image: Image, annotation: Annotation, tables: tuple[Table, Noise], geocoding: Geocoding, target: Path,
                has_bright_borders: bool) -> None:  # fmt: skip
    """Write (DN^2 - noise) / A^2 as float32 with the control points of `geocoding`; NaN is nodata.

    Power at or below the noise stays as it is, zero or negative: averages over several pixels keep their mean.

    Raises:
        TruncatedRaster: pixels cannot be decoded.
        SceneError: another fault of the file.
    """
    calibration, noise = tables
    with open_image(image.measurement) as source, _image(target, annotation, geocoding) as sink:
        for row, numbers in _strips(source, image.measurement):
            rows = np.arange(row, row + len(numbers))
            power = numbers.astype(np.float32) ** 2 - noise.at(rows)
            power[numbers == 0] = np.nan
            if has_bright_borders:
                power[borders(power)] = np.nan
            power /= calibration.at(rows) ** 2
            sink.write(power, 1, window=Window(0, row, annotation.samples, len(numbers)))


def check_measurement(image: Image, annotation: Annotation) -> None:
    """Refuse a measurement that is not as its annotation says, before anything is made in that size.

    Raises:
        BrokenMetadata: it is of another size or type.
        SceneError: another fault of the file.
    """
    with open_image(image.measurement) as source:
        found = source.height, source.width, source.count, source.dtypes[0]
    if found != (annotation.lines, annotation.samples, 1, "uint16"):
        raise BrokenMetadata(
            image.measurement,
            f"{found[2]} bands of {found[0]} x {found[1]} {found[3]}, not of the size that its annotation says, "
            f"{annotation.lines} x {annotation.samples}, or not uint16",
        )


def borders(power: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Pixels of the dim border at both ends of rows, up to 500 columns; nodata goes on being so.

    Args:
        power: of digital numbers, noise removed, (R, W); NaN is nodata.

    Returns:
        True from an end of a row as far as the mean over 31 columns stays below what any ground gives; (R, W).
    """
    mean = uniform_filter1d(np.nan_to_num(power, nan=0.0), _BORDER_MEAN, axis=1, mode="nearest")
    dim = mean < _BORDER_DN2
    border = np.zeros(power.shape, np.bool_)
    width = min(_BORDER_COLS, power.shape[1])
    border[:, :width] = np.logical_and.accumulate(dim[:, :width], axis=1)
    border[:, -width:] |= np.logical_and.accumulate(dim[:, ::-1][:, :width], axis=1)[:, ::-1]
    return border


def _strips(source: Any, path: Path) -> Iterator[tuple[int, npt.NDArray[np.uint16]]]:
    for row in range(0, source.height, _ROWS):
        window = Window(0, row, source.width, min(_ROWS, source.height - row))
        try:
            yield row, source.read(1, window=window)
        except RasterioError as error:
            raise TruncatedRaster(path) from error


@contextmanager
def _image(target: Path, annotation: Annotation, geocoding: Geocoding) -> Iterator[Any]:
    with rasterio.open(
        target, "w", driver="GTiff", count=1, height=annotation.lines, width=annotation.samples, dtype="float32",
        nodata=np.nan, bigtiff="if_safer",
    ) as sink:  # fmt: skip
        attach(sink, geocoding)
        yield sink
