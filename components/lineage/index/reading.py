"""The scenes of a version as the index needs them: digests of all, facts only of those that are new to it."""

import tempfile
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import shapely
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.index.changes import NewContent, snapshot_digest
from components.lineage.record import Lineage
from components.lineage.scene_table import scene_table
from components.lineage.versions import fetch_scenes, read_record
from components.records.schemas import SCENES
from components.records.tables import read_table

_NO_FACTS: Final = ("scene_id", "footprint", "content")
_ROWS: Final = 10_000


@dataclass(frozen=True)
class SceneSet:
    """All scenes of a version: a table with schema SCENES."""

    table: pa.Table

    @property
    def digests(self) -> frozenset[bytes]:
        """Of every content."""
        return frozenset(self.table["content"].to_pylist())

    @property
    def digest(self) -> str:
        """Of the whole set."""
        return snapshot_digest(self.digests)

    def contents(self, wanted: Set[bytes]) -> Iterator[tuple[bytes, NewContent]]:
        """The contents with these digests, each with its own, sorted by scene id."""
        chosen = self.table.filter(pc.is_in(self.table["content"], pa.array(sorted(wanted), pa.binary(16))))
        for batch in chosen.to_batches(max_chunksize=_ROWS):  # a million scenes as objects would not fit everywhere
            yield from ((row["content"], NewContent(row["scene_id"], _facts(row))) for row in batch.to_pylist())


def read_version(client: MlflowClient, version: ModelVersion) -> tuple[Lineage, SceneSet]:
    """The record of a version, and its scenes as a table.

    Raises:
        LineageError: the version carries no record, or one of another format.
    """
    with tempfile.TemporaryDirectory(prefix="fusar-index-") as folder:
        record = read_record(client, version, Path(folder))
        if not record.scenes_sha256:
            return record, SceneSet(scene_table(record.scenes))
        return record, SceneSet(read_table(fetch_scenes(client, version, record, Path(folder)), SCENES))


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    bounds = None if row["footprint"] is None else list(shapely.from_wkb(row["footprint"]).bounds)
    return {**{name: value for name, value in row.items() if name not in _NO_FACTS}, "bounds": bounds}
