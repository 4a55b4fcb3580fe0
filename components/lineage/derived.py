"""What the stages made of one content of a scene, read from the DVC stores by the md5s of a version's record."""

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.lineage.chips import CHIPS
from components.lineage.contents import Contents
from components.lineage.errors import LineageError
from components.lineage.index.answers import IndexedScene
from components.lineage.record import Content, Lineage
from components.lineage.withdrawals import purged
from components.revisions.home import Home

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


class DerivedReader:
    """Reads what was made of scenes; what is in no store any more is said, not raised."""

    def __init__(self, home: Home) -> None:
        """Take the repository, whose DVC cache and default remote are read.

        Raises:
            BrokenJournal: an entry about purged files was changed.
        """
        self._contents, self._purged = Contents(home.root), purged(home)

    def read(self, scene: IndexedScene, versions: tuple[str, ...], outputs: tuple[str, ...]) -> Derived:
        """What was made of a scene in the outputs of some versions.

        Args:
            scene: which content.
            versions: MODEL/VERSION of those that rest on the outputs.
            outputs: as `derived_outputs` answers.
        """
        absent, found = list[str](), list[pa.Table | None]()
        for path, md5, columns in zip((CHIPS, ANNOTATIONS, CORPUS), outputs, _COLUMNS, strict=True):
            try:
                found.append(self._rows(Content(path=path, md5=md5), scene.scene_id, columns))
            except _Absent as reason:
                absent.append(str(reason))
                found.append(None)
        chips, annotations, corpus = found
        return Derived(
            scene,
            versions,
            () if chips is None else tuple(sorted(chips["chip_id"].to_pylist())),
            0 if annotations is None else len(annotations),
            () if corpus is None else _corrected(corpus),
            tuple(absent),
        )

    def _rows(self, output: Content, scene_id: str, columns: list[str]) -> pa.Table:
        """The rows of one scene in an output: a folder with a file for each scene, or one file for all."""
        content = self._own_file(output, scene_id) if output.md5.endswith(".dir") else output
        try:
            table = pq.read_table(io.BytesIO(self._contents.read(content)), columns=columns)
        except LineageError as error:
            raise self._absent(content) from error
        except pa.ArrowException as error:
            raise _Absent(f"{content.path}: cannot be read ({error})") from error
        return table.filter(pc.equal(table["scene_id"], scene_id))

    def _own_file(self, folder: Content, scene_id: str) -> Content:
        try:
            files = self._contents.listing(folder)
        except LineageError as error:
            raise self._absent(folder) from error
        own = next((file for file in files if PurePosixPath(file.path).stem == scene_id), None)
        if own is None:
            raise _Absent(f"{folder.path}: holds no file of scene {scene_id}")
        return Content(path=f"{folder.path}/{own.path}", md5=own.md5)

    def _absent(self, content: Content) -> "_Absent":
        known = self._purged.get(content.md5)
        return _Absent(str(known) if known else f"{content.path}: md5 {content.md5 or 'unknown'} is in no DVC store")


class _Absent(Exception):
    """Why rows cannot be told."""


def _corrected(corpus: pa.Table) -> tuple[tuple[str, str], ...]:
    changed = corpus.filter(pc.is_in(corpus["status"], pa.array(_CHANGED)))
    return tuple(sorted(zip(changed["chip_id"].to_pylist(), changed["field"].to_pylist(), strict=True)))
