"""Which DVC objects hold one scene alone, and which others need: read from manifests, the run-cache and the records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from components.lineage.chips import CHIPS
from components.lineage.derived import ANNOTATIONS
from components.lineage.errors import IncompleteLineage
from components.lineage.record import Content, Lineage
from components.lineage.stores import Stores

DATA: Final = "data"
# Folders with one file per scene, and the folder that each is made of.
_PER_SCENE: Final = {CHIPS: DATA, ANNOTATIONS: CHIPS}
_SCENES: Final = "scenes/"
Entry = Mapping[str, Any]
Named = tuple[str, str]  # path and scene


@dataclass
class Objects:
    """What a purge would take and what it leaves.

    Attributes:
        alone: by md5, path and scene of every file whose content holds withdrawn scenes alone, sorted.
        needed: md5s of objects that other scenes are made of, or are.
        mixed: outputs that were made with the scene beside others, by path the md5s; they stay.
    """

    alone: dict[str, list[Named]] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)
    mixed: dict[str, set[str]] = field(default_factory=dict)

    def to_purge(self) -> dict[str, list[Named]]:
        """Objects that no other scene needs."""
        return {md5: sorted(self.alone[md5]) for md5 in sorted(self.alone) if md5 not in self.needed}


def objects_of(stores: Stores, manifests: Iterable[str], records: Iterable[Lineage], md5s: Iterable[str]) -> Objects:
    """Everything that contents of scenes became, in every retrain that anybody shared.

    Args:
        stores: the cache and the remotes.
        manifests: md5s of the folder `data`, as data.dvc files have it.
        records: of all versions.
        md5s: of the backscatter files.
    """
    entries = [*stores.run_cache(), *_entries(records)]
    withdrawn, found = frozenset(md5s), Objects()
    folders = {md5 for entry in entries for md5 in _paths(entry, "deps", DATA)} | set(manifests)
    tainted: dict[str, frozenset[str]] = {}  # manifest of a folder -> ids of the withdrawn scenes in it
    for md5 in sorted(folders):
        files = _listing(stores, DATA, md5)
        tainted[md5] = frozenset(
            PurePosixPath(file.path).stem for file in files if file.path.startswith(_SCENES) and file.md5 in withdrawn
        )
        _sort(found, DATA, files, tainted[md5])
    for folder, source in _PER_SCENE.items():
        made: dict[str, frozenset[str]] = {}
        for entry in entries:
            scenes = frozenset[str]().union(*(tainted.get(md5, frozenset()) for md5 in _paths(entry, "deps", source)))
            for md5 in _paths(entry, "outs", folder):
                made[md5] = made.get(md5, frozenset()) | scenes
        for md5, scenes in sorted(made.items()):
            _sort(found, folder, _listing(stores, folder, md5), scenes)
        tainted |= made
    _find_mixed(found, entries, {md5 for md5, scenes in tainted.items() if scenes})
    return found


def _sort(found: Objects, folder: str, files: Iterable[Content], scenes: frozenset[str]) -> None:
    for file in files:
        stem = PurePosixPath(file.path).stem
        if stem in scenes:
            name = (f"{folder}/{file.path}", stem)
            if name not in found.alone.setdefault(file.md5, []):
                found.alone[file.md5].append(name)
        else:
            found.needed.add(file.md5)


def _find_mixed(found: Objects, entries: Iterable[Entry], tainted: set[str]) -> None:
    """Outputs downstream of tainted folders, that are no folders of one file a scene."""
    entries, reached, before = list(entries), set(tainted), -1
    while len(reached) != before:
        before = len(reached)
        for entry in entries:
            if any(item.get("md5") in reached for item in entry.get("deps", ())):
                reached |= {str(item["md5"]) for item in entry.get("outs", ()) if item.get("md5")}
    for entry in entries:
        for item in entry.get("outs", ()):
            if item.get("md5") in reached - tainted and item["path"] not in _PER_SCENE:
                found.mixed.setdefault(str(item["path"]), set()).add(str(item["md5"]))


def _listing(stores: Stores, path: str, md5: str) -> tuple[Content, ...]:
    try:
        return stores.contents.listing(Content(path=path, md5=md5))
    except IncompleteLineage:  # nobody has its manifest: nobody can find its files either
        return ()


def _entries(records: Iterable[Lineage]) -> Iterator[Entry]:
    for lineage in records:
        for stage in (*lineage.stages, lineage.evaluation.stage):
            yield {"deps": [dep.model_dump() for dep in stage.deps], "outs": [out.model_dump() for out in stage.outs]}


def _paths(entry: Entry, side: str, path: str) -> list[str]:
    return [str(item["md5"]) for item in entry.get(side, ()) if item.get("path") == path and item.get("md5")]
