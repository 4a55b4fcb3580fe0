"""What the stages made of one content of a scene, read from the DVC stores by the md5s of a version's record."""

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.lineage.contents import Contents
from components.lineage.errors import IncompleteLineage, LineageError
from components.lineage.index.answers import IndexedScene
from components.lineage.record import Content, Lineage

CHIPS: Final = "outputs/ingest/chips"
ANNOTATIONS: Final = "outputs/annotate/annotations"
CORPUS: Final = "outputs/pretrain/corpus.parquet"
_CHANGED: Final = ("rewritten", "rejected")  # what SCIO did to a clause of the annotations
_COLUMNS: Final = (["scene_id", "chip_id"], ["scene_id"], ["scene_id", "chip_id", "field", "status"])


@dataclass(frozen=True)
class Derived:
    """What stages made of one content of a scene; the same for all versions that share these outputs.

    Attributes:
        scene: which content.
        versions: MODEL/VERSION of those that rest on it.
        chips: ids of its chips.
        annotations: clauses written about them.
        corrected: chip id and field of each clause that SCIO rewrote or refused to.
        absent: outputs that are in no DVC store any more, with the reason.
    """

    scene: IndexedScene
    versions: tuple[str, ...]
    chips: tuple[str, ...]
    annotations: int
    corrected: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


def derived_outputs(lineage: Lineage) -> tuple[str, ...]:
    """The md5s of chips, annotations and corpus that a version rests on; empty for one that its record has not."""
    md5s = {out.path: out.md5 for stage in lineage.stages for out in stage.outs}
    return tuple(md5s.get(path, "") for path in (CHIPS, ANNOTATIONS, CORPUS))


def read_derived(root: Path, scene: IndexedScene, names: tuple[str, ...], outputs: tuple[str, ...]) -> Derived:
    """What was made of a scene in these outputs; what is in no store any more is said, not raised.

    Args:
        root: the main working tree.
        scene: which content.
        names: MODEL/VERSION of the versions that rest on the outputs.
        outputs: as `derived_outputs` answers.
    """
    contents, absent, rows = Contents(root), list[str](), list[pa.Table | None]()
    for path, md5, columns in zip((CHIPS, ANNOTATIONS, CORPUS), outputs, _COLUMNS, strict=True):
        try:
            rows.append(_rows(contents, Content(path=path, md5=md5), scene.scene_id, columns))
        except LineageError as error:
            absent.append(str(error))
            rows.append(None)
    chips, annotations, corpus = rows
    return Derived(
        scene,
        names,
        () if chips is None else tuple(chips["chip_id"].to_pylist()),
        0 if annotations is None else len(annotations),
        () if corpus is None else _corrected(corpus),
        tuple(absent),
    )


def _rows(contents: Contents, output: Content, scene_id: str, columns: list[str]) -> pa.Table:
    """The rows of one scene in an output: a folder with a file for each scene, or one file for all."""
    if output.md5.endswith(".dir"):
        own = [file for file in contents.listing(output) if PurePosixPath(file.path).stem == scene_id]
        if not own:
            raise IncompleteLineage(output.path, (f"a file of scene {scene_id}",))
        output = own[0]
    table = pq.read_table(io.BytesIO(contents.read(output)), columns=columns)
    return table.filter(pc.equal(table["scene_id"], scene_id))


def _corrected(corpus: pa.Table) -> tuple[tuple[str, str], ...]:
    changed = corpus.filter(pc.is_in(corpus["status"], pa.array(_CHANGED)))
    return tuple(zip(changed["chip_id"].to_pylist(), changed["field"].to_pylist(), strict=True))
