"""DVC's cache and all remotes of a repository: what they hold, what runs they remember, and taking objects away."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from components.lineage.contents import Contents

_RUNS = "runs"


class Stores:
    """Every place where this repository's DVC keeps objects."""

    def __init__(self, root: Path) -> None:
        """Open the DVC repository at `root`; its remotes are those of its configuration."""
        from dvc.repo import Repo  # costs 0.4 s

        self.contents = Contents(root)
        self._repo = Repo(str(root))
        names = sorted(self._repo.config.get("remote", {}))
        # By what a person calls them: the cache, then each remote.
        self._stores = {"the cache": self._repo.cache.local} | {
            f"remote {name}": self._repo.cloud.get_remote_odb(name) for name in names
        }

    def run_cache(self) -> Iterator[Mapping[str, Any]]:
        """Lock entries of all runs that the cache or a remote remembers: deps and outs with path and md5."""
        for store in self._stores.values():
            folder = store.fs.join(store.path.removesuffix(store.fs.join("files", "md5")), _RUNS)
            if not store.fs.exists(folder):
                continue
            for path in sorted(store.fs.find(folder)):
                with store.fs.open(path, "r", encoding="utf-8") as file:
                    entry = yaml.load(file, Loader=yaml.CSafeLoader)  # twenty times as quick as DVC's own
                if isinstance(entry, Mapping):
                    yield entry

    def size(self, md5: str) -> int | None:
        """Bytes of an object, None where no store has it."""
        for store in self._stores.values():
            if store.exists(md5):
                return int(store.fs.size(store.oid_to_path(md5)))
        return None

    def remove(self, md5: str) -> tuple[str, ...]:
        """Take an object out of every store; the answer names those that had it."""
        had = []
        for name, store in self._stores.items():
            if store.exists(md5):
                store.delete(md5)
                had.append(name)
        return tuple(had)

    def put_folder(self, rows: tuple[tuple[str, str], ...]) -> str:
        """Keep the manifest of a folder, path and md5 of each file, in the cache and the default remote.

        Returns:
            Its md5, ending in `.dir`.
        """
        from dvc_data.hashfile.tree import Tree

        tree = Tree.from_list([{"relpath": path, "md5": md5} for path, md5 in rows], hash_name="md5")
        tree.digest()
        for store in (self._repo.cache.local, self._repo.cloud.get_remote_odb()):
            store.add(tree.path, tree.fs, tree.oid, hardlink=False)
        return str(tree.oid)
