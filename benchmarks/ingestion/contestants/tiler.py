"""rio-tiler: `Reader.part` for each chip of an open file. `tiler.py SCENE SIZE`."""

import sys
from collections.abc import Iterator
from typing import Any

from rasterio.windows import Window, bounds
from rio_tiler.io import Reader
from serving import serve


def main(scene: str, size: int) -> None:
    """Cut whenever told to."""

    def cut() -> Iterator[Any]:
        with Reader(scene) as reader:
            raster = reader.dataset
            for row in range(0, raster.height - size + 1, size):
                for col in range(0, raster.width - size + 1, size):
                    box = bounds(Window(col, row, size, size), raster.transform)
                    yield reader.part(box, dst_crs=raster.crs, bounds_crs=raster.crs, width=size, height=size).data

    serve(cut)


main(sys.argv[1], int(sys.argv[2]))
