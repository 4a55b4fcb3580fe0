"""Writing a product as the GeoTIFF that ingestion reads: the same bytes for the same product."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine


@dataclass(frozen=True)
class Grid:
    """Where the pixels lie.

    Attributes:
        crs: authority code such as EPSG:32631, or WKT.
        affine: (col, row) of a pixel's upper left corner to (x, y) in `crs`.
    """

    crs: str
    affine: Affine
    height: int
    width: int


@contextmanager
def geotiff(target: Path, grid: Grid, bands: int, dtype: str, nodata: float | None) -> Iterator[Any]:
    """An empty GeoTIFF, open for writing by windows (a `rasterio.io.DatasetWriter`); its folder is made.

    Args:
        target: the file to write.
        grid: where its pixels lie.
        bands: one for each polarisation.
        dtype: of the samples, as numpy names it.
        nodata: the value of pixels without data, or None where every value is one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    predictor = 3 if np.issubdtype(np.dtype(dtype), np.floating) else 2
    with rasterio.open(
        target, "w", driver="GTiff", crs=grid.crs, transform=grid.affine, height=grid.height, width=grid.width,
        count=bands, dtype=dtype, nodata=nodata, tiled=True, blockxsize=512, blockysize=512, compress="deflate",
        zlevel=1, predictor=predictor, bigtiff="if_safer", interleave="band",
    ) as sink:  # fmt: skip
        yield sink
