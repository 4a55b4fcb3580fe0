"""The limit: GDAL decodes every block once on some threads, and nothing else. `decoding.py SCENE SIZE THREADS`."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import rasterio
from rasterio.windows import Window

from benchmarks.ingestion.contestants.serving import serve

_ROWS = 512


def main(scene: Path, threads: int) -> None:
    """Decode whenever told to."""
    with rasterio.open(scene) as raster:
        height, width = raster.height, raster.width

    def read(row: int) -> Any:
        with rasterio.open(scene) as raster:
            return raster.read(window=Window(0, row, width, min(_ROWS, height - row)))

    def cut() -> Iterator[Any]:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(read, range(0, height, _ROWS))

    serve(cut)


main(Path(sys.argv[1]), int(sys.argv[3]))
