"""One scene from its item to its Parquet: cut, restored from the memo, withdrawn or set aside."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from components.ingestion.captions import schema_of
from components.ingestion.chips import chip_tables
from components.ingestion.config import IngestConfig
from components.ingestion.items import Scene, read_scene
from components.ingestion.withdrawals import is_withdrawn
from components.memo.code import code_digest
from components.memo.files import file_digest, keep_file, restore_file
from components.memo.store import memo_here, memo_key
from components.rasters.errors import SceneError
from components.records.tables import Row, table_stream

_CODE = (
    "components.ingestion",
    "components.memo",
    "components.geography",
    "components.rasters",
    "components.records",
    "components.contract",
)
# These settings decide how the work runs, not what comes out.
_NOT_IN_KEY = {"threads"}


@dataclass(frozen=True)
class Job:
    """What cutting a scene needs besides its item.

    Attributes:
        data: folder of items and assets.
        chips: folder of the Parquet files to write.
        withdrawn: MD5 digests of backscatter files that may no longer be used.
        decoders: threads that decode one scene.
        version: digest of code and config, the part of a memo key that all scenes share.
    """

    config: IngestConfig
    data: Path
    chips: Path
    withdrawn: frozenset[str]
    version: str
    decoders: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of a scene.

    Attributes:
        set_aside: its row of that table if it is not used.
        splits: how many chips of it stand in each split.
        sketch: digest of its first chip's pixels; scenes with equal ones may be the same. Empty where none was cut.
    """

    scene_id: str
    kind: Literal["cut", "restored", "withdrawn", "set aside"]
    set_aside: Row | None = None
    splits: Mapping[str, int] = field(default_factory=dict)
    sketch: str = ""


def version_of(config: IngestConfig) -> str:
    """Digest of everything but a scene's own files that its chips depend on."""
    return memo_key(code_digest(_CODE), config.model_dump_json(exclude=_NOT_IN_KEY))


def process_scene(item_file: Path, job: Job) -> Outcome:
    """Write the chips of one scene as `<scene_id>.parquet`, or say why not; other scenes never notice."""
    try:
        scene = read_scene(item_file, job.data)
        if is_withdrawn(scene.files["backscatter"], job.withdrawn):
            return Outcome(scene.scene_id, "withdrawn")
        memo = memo_here()
        target = job.chips / f"{scene.scene_id}.parquet"
        key = memo_key(job.version, *_digests(scene)) if memo else ""
        if memo and (notes := restore_file(memo, key, target)) is not None:
            return Outcome(scene.scene_id, "restored", **notes)
        notes = _write(scene, target, job)
        if memo:
            keep_file(memo, key, target, notes)
        return Outcome(scene.scene_id, "cut", **notes)
    except SceneError as error:
        return Outcome(item_file.stem, "set aside", set_aside_row(item_file, error, job.data))


def set_aside_row(item_file: Path, error: SceneError, data: Path) -> Row:
    """The row of `records.schemas.SET_ASIDE` that says why a scene of `data` is not used."""
    return {
        "scene_id": item_file.stem,
        "file": error.path.relative_to(data).as_posix(),
        "code": error.code,
        "reason": error.problem,
    }


def _write(scene: Scene, target: Path, job: Job) -> dict[str, Any]:
    """Write its chips and say what an `Outcome` says of them."""
    splits: Counter[str] = Counter()
    sketch = ""
    with table_stream(schema_of(scene), target) as write:
        for table in chip_tables(scene, job.config, job.decoders):
            write(table)
            splits.update(table["split"].to_pylist())
            sketch = sketch or hashlib.sha256(table["backscatter"][0].as_buffer()).hexdigest()
    return {"splits": dict(splits), "sketch": sketch}


def _digests(scene: Scene) -> list[str]:
    """Name and SHA-256 of each file of a scene; a missing one is named so and found out when it is read."""
    paths = {"item": scene.item_file, **scene.files}
    found = []
    for name in sorted(paths):
        digest = file_digest(paths[name]) if paths[name].is_file() else "missing"
        found.append(f"{name}={digest}")
    return found
