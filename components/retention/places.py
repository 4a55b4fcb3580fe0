"""Where DVC keeps objects and what runs it remembers: the cache of this machine, and each remote."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fsspec
import yaml

from components.retention.files import Item, items_below, remove_files

FOLDER_SUFFIX: Final = ".dir"
_OBJECT: Final = re.compile(r"[0-9a-f]{32}(\.dir)?")
_RUN: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RememberedRun:
    """One entry of a run-cache: a stage that once ran.

    Attributes:
        item: the file that holds it.
        entry: as dvc.lock has it; None where it cannot be read, so that it restores nothing.
    """

    item: Item
    entry: Mapping[str, Any] | None

    def md5s(self, *sides: str) -> frozenset[str]:
        """The md5s of its `deps` or `outs`."""
        rows = [row for side in sides for row in (self.entry or {}).get(side, ())]
        return frozenset(str(row["md5"]) for row in rows if isinstance(row, Mapping) and row.get("md5"))


class Place:
    """The cache, or one remote."""

    def __init__(self, name: str, store: Any) -> None:
        """Take what a person calls it, and DVC's object database."""
        self.name, self._store = name, store
        # DVC's own wrapper of the local disk lists names alone.
        self.files = fsspec.filesystem("file") if store.fs.protocol == "local" else store.fs.fs
        self._runs = f"{store.path.removesuffix('/files/md5')}/runs"

    def objects(self) -> Iterator[tuple[str, Item]]:
        """Each file among the objects, by its md5; by "" where no object has such a name (a write that was killed)."""
        for item in items_below(self.files, self._store.path):
            md5 = "".join(item.path.rsplit("/", 2)[-2:])
            yield md5 if _OBJECT.fullmatch(md5) else "", item

    def runs(self) -> Iterator[RememberedRun]:
        """All runs that it remembers."""
        for item in items_below(self.files, self._runs):
            try:
                entry = yaml.load(self.files.cat_file(item.path), Loader=yaml.CSafeLoader)
            except (yaml.YAMLError, UnicodeDecodeError):
                entry = None
            is_run = isinstance(entry, Mapping) and _RUN.fullmatch(item.path.rsplit("/", 1)[-1])
            yield RememberedRun(item, entry if is_run else None)

    def listing(self, folder: str) -> tuple[str, ...] | None:
        """The md5s of the files of a folder; None where it has no listing of that folder."""
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_data.hashfile.tree import Tree

        if not self._store.exists(folder):
            return None
        return tuple(str(row["md5"]) for row in Tree.load(self._store, HashInfo("md5", folder)).as_list())

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; one that is gone already is none to remove."""
        from dvc_data.hashfile.db import get_index

        remove_files(self.files, paths)
        # DVC remembers which folders a remote has whole; it would push nothing of one that is gone.
        get_index(self._store).clear()


def places_of(root: Path) -> tuple[Place, ...]:
    """The cache, then each remote of the repository's configuration by name."""
    from dvc.repo import Repo  # costs 0.4 s

    repo = Repo(str(root))
    remotes = sorted(repo.config.get("remote", {}))
    stores = {"cache": repo.cache.local, **{f"remote {name}": repo.cloud.get_remote_odb(name) for name in remotes}}
    return tuple(Place(name, store) for name, store in stores.items())
