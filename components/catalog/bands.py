"""One raster of several that hold a polarisation each."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import rasterio

from components.rasters.errors import WrongPolarization
from components.rasters.opening import Raster, check_same_grid, open_raster

_ROWS: Final = 512  # at once: a scene of 25,000 columns takes 50 MB of float32


def stack_bands(files: Mapping[str, Path], target: Path) -> None:
    """Write rasters of one band as one GeoTIFF, a band for each polarisation, described by its name.

    Args:
        files: raster by polarisation, in the order of the bands to be; all on one grid.
        target: file to write; it appears whole or not at all.

    Raises:
        WrongPolarization: a raster has more bands than its one.
        GridMismatch: they are not on one grid.
        SceneError: a raster cannot be read.
    """
    part = target.with_name(f"{target.name}.part")
    with ExitStack() as stack:
        rasters = [stack.enter_context(open_raster(path)) for path in files.values()]
        for name, raster in zip(files, rasters, strict=True):
            if raster.bands != 1:
                raise WrongPolarization(raster.path, raster.bands, [name])
            check_same_grid(raster, rasters[0])
        with rasterio.open(part, "w", **_profile(rasters[0], len(rasters))) as sink:
            sink.descriptions = tuple(files)
            for row in range(0, rasters[0].height, _ROWS):
                for band, raster in enumerate(rasters, start=1):
                    pixels = raster.read(row, 0, min(_ROWS, raster.height - row))
                    sink.write(pixels[0], band, window=((row, row + pixels.shape[1]), (0, raster.width)))
    part.replace(target)


def _profile(raster: Raster, bands: int) -> dict[str, object]:
    return {
        "driver": "GTiff",
        "count": bands,
        "height": raster.height,
        "width": raster.width,
        "dtype": raster.dtype,
        "crs": raster.crs,
        "transform": raster.affine,
        "nodata": raster.nodata,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "interleave": "band",
        "compress": "zstd",
        "zstd_level": 1,
        "bigtiff": "if_safer",
    }
