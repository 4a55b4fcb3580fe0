"""One scene whose polarisations are files of their own: brought together as the bands of one GeoTIFF."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from components.catalog.products.writing import Grid, geotiff
from components.rasters.errors import WrongPolarization, WrongSampleType
from components.rasters.opening import Raster, check_same_grid, open_raster

POLARIZATIONS = ("VV", "VH", "HH", "HV")
_ROWS_AT_ONCE = 512  # a row of tiles

Values = npt.NDArray[np.float32]


def join(files: Mapping[str, Path], target: Path, change: Callable[[Values], Values] | None = None) -> None:
    """Write the files of the polarisations as bands in their order, float32; what was nodata is NaN.

    Args:
        files: polarisation to its file, each of one band of floating point, all on one grid.
        target: the GeoTIFF to write.
        change: makes of samples (height, width) what is written instead of them.

    Raises:
        SceneError: a file is missing, damaged, of another kind, or on another grid than the first.
    """
    with ExitStack() as stack:
        rasters = {name: stack.enter_context(open_raster(path)) for name, path in files.items()}
        first = next(iter(rasters.values()))
        for name, raster in rasters.items():
            _check(raster, name)
            check_same_grid(raster, first)
        grid = Grid(first.crs, first.affine, first.height, first.width)
        with geotiff(target, grid, len(rasters), "float32", float("nan")) as sink:
            for band, raster in enumerate(rasters.values(), 1):
                for row in range(0, raster.height, _ROWS_AT_ONCE):
                    height = min(_ROWS_AT_ONCE, raster.height - row)
                    values = _valid(raster, row, height)
                    window = Window(0, row, raster.width, height)
                    sink.write(values if change is None else change(values), band, window=window)


def squared(values: Values) -> Values:
    """Power of amplitude; NaN stays."""
    return values * values


def _check(raster: Raster, polarization: str) -> None:
    if raster.bands != 1:
        raise WrongPolarization(raster.path, raster.bands, polarization)
    if raster.dtype not in ("float32", "float64"):
        raise WrongSampleType(raster.path, raster.dtype, "linear or decibel", "float32 or float64")


def _valid(raster: Raster, row: int, height: int) -> Values:
    samples: Values = raster.read(row=row, height=height)[0].astype(np.float32)
    if raster.nodata is not None:
        samples[samples == np.float32(raster.nodata)] = np.nan
    return samples
