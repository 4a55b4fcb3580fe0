"""The scenes of a version as a table beside its record: GeoParquet, so that a million of them stay one quick read."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import shapely

from components.lineage.record import Scene
from components.records.schemas import SCENES
from components.records.tables import read_table, write_table

SCENES_FILE: Final = "scenes.parquet"
_DIGEST_BYTES: Final = 16


def content_digest(scene: Scene) -> bytes:
    """BLAKE2b (16 bytes) of everything that a record says of a scene: another file or fact is another content."""
    text = json.dumps(scene.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()


def scene_table(scenes: Iterable[Scene]) -> pa.Table:
    """Scenes sorted by id, schema SCENES."""
    rows = [_row(scene) for scene in sorted(scenes, key=lambda scene: scene.scene_id)]
    return pa.Table.from_pylist(rows, schema=SCENES)


def write_scenes(scenes: Iterable[Scene], path: Path) -> None:
    """Write scenes as a table; the same scenes give the same bytes."""
    write_table(scene_table(scenes), SCENES, path)


def read_scenes(path: Path) -> tuple[Scene, ...]:
    """Scenes as they were written.

    Raises:
        WrongSchema: the file holds another table.
        FusarError: it is no Parquet file.
    """
    return tuple(_scene(row) for row in read_table(path, SCENES).to_pylist())


def _row(scene: Scene) -> dict[str, Any]:
    values = scene.model_dump(mode="python")
    bounds: Sequence[float] | None = values.pop("bounds")
    footprint = None if bounds is None else shapely.to_wkb(shapely.box(*bounds))
    return {**values, "footprint": footprint, "content": content_digest(scene)}


def _scene(row: dict[str, Any]) -> Scene:
    footprint = row.pop("footprint")
    row.pop("content")
    bounds = None if footprint is None else tuple(shapely.from_wkb(footprint).bounds)
    return Scene(**row, bounds=bounds)
