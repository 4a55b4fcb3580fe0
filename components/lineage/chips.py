"""The chips that made a version, read by the md5s of its record: nothing is checked out."""

import io
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from components.lineage.contents import Contents
from components.lineage.record import Content, Lineage

CHIPS = "outputs/ingest/chips"


def chip_folder(lineage: Lineage) -> Content | None:
    """The folder of chips that a version was made of, None where its record names none."""
    return next((out for stage in lineage.stages for out in stage.outs if out.path == CHIPS), None)


def chip_files(contents: Contents, lineage: Lineage, splits: Iterable[str]) -> tuple[Content, ...]:
    """The Parquet files of those scenes of a version that belong to certain splits.

    Args:
        contents: DVC's objects.
        lineage: the record of the version.
        splits: of train, val and test.

    Raises:
        IncompleteLineage: the folder's manifest is in no cache or remote.
    """
    folder, wanted = chip_folder(lineage), set(splits)
    scenes = {scene.scene_id for scene in lineage.scenes if scene.split in wanted}
    files = contents.listing(folder) if folder is not None else ()
    return tuple(file for file in files if PurePosixPath(file.path).stem in scenes)


def read_chips(contents: Contents, files: Iterable[Content], columns: list[str]) -> Iterator[pa.Table]:
    """Some columns of one file after the other, schema CHIPS.

    Raises:
        IncompleteLineage: a file is in no cache or remote.
    """
    for file in files:
        yield pq.read_table(io.BytesIO(contents.read(file)), columns=columns)
