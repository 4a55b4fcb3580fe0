"""Ours: read, calibrated, quantised, placed on the ground and written as Parquet. `fusar.py ITEM SIZE THREADS`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ingestion.contestants.serving import serve
from components.ingestion.chips import chip_tables
from components.ingestion.config import IngestConfig
from components.ingestion.items import read_scene
from components.records.schemas import CHIPS
from components.records.tables import table_stream


def main(item: Path, size: int, threads: int) -> None:
    """Cut whenever told to."""
    config = IngestConfig(
        chip_size=size,
        chip_stride=size,
        chip_extent_m={},
        min_valid=0.5,
        alphaearth_grid=size // 64,
        min_cell_area=0.5,
        place_cell_deg=0.25,
        split_seed=1,
        val_share=0.1,
        test_share=0.2,
        threads=threads,
    )
    data = item.parent.parent

    def cut() -> Iterator[str]:
        with table_stream(CHIPS, data / "chips" / f"{item.stem}.parquet") as write:
            for table in chip_tables(read_scene(item, data), config, threads):
                write(table)
                yield from table["chip_id"].to_pylist()

    serve(cut, gives_samples=False, written=data / "chips")


main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
