"""Files of a retrain by the md5 that dvc.lock names: brought from the cache or remote, checked, listed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from components.lineage.errors import ChangedOutput, IncompleteLineage
from components.lineage.record import Content

_BLOCK = 1 << 20


class Contents:
    """DVC's objects as one checkout reaches them."""

    def __init__(self, checkout: Path) -> None:
        """Open the DVC repository at `checkout`."""
        from dvc.repo import Repo  # costs 0.4 s; only registration needs it

        self._checkout = checkout
        self._repo = Repo(str(checkout))

    def bring(self, wanted: Sequence[Content]) -> None:
        """Put these outputs on disk where they are not yet, and check that each has the md5 that the lock names.

        Raises:
            IncompleteLineage: an output is neither on disk nor in the cache or remote.
            ChangedOutput: what lies on disk is not what the lock names.
        """
        absent = [content.path for content in wanted if not (self._checkout / content.path).exists()]
        if absent:
            self._pull(absent)
        for content in wanted:
            found = content_md5(self._checkout / content.path)
            if found != content.md5:
                raise ChangedOutput(content.path, content.md5, found)

    def listing(self, folder: Content) -> tuple[Content, ...]:
        """The files of a folder, by their paths inside it.

        Raises:
            IncompleteLineage: its manifest is in no cache or remote, nor does the folder on disk match.
        """
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_data.hashfile.tree import Tree

        for store in (self._repo.cache.local, self._repo.cloud.get_remote_odb()):
            if store.exists(folder.md5):
                rows = Tree.load(store, HashInfo("md5", folder.md5)).as_list()
                return tuple(Content(path=row["relpath"], md5=row["md5"]) for row in rows)
        files = _listing_of(self._checkout / folder.path)
        if listing_md5(files) != folder.md5:
            raise IncompleteLineage(folder.path, (f"manifest {folder.md5} in the DVC cache or remote",))
        return files

    def read(self, content: Content) -> bytes:
        """All bytes of a file, from the cache or else the default remote.

        Raises:
            IncompleteLineage: neither has it.
        """
        for store in (self._repo.cache.local, self._repo.cloud.get_remote_odb()):
            if store.exists(content.md5):
                with store.fs.open(store.oid_to_path(content.md5), "rb") as file:
                    return bytes(file.read())
        raise IncompleteLineage(content.path, (f"file {content.md5} in the DVC cache or remote",))

    def holds(self, md5: str) -> bool:
        """Whether the cache or the default remote has an object."""
        return any(store.exists(md5) for store in (self._repo.cache.local, self._repo.cloud.get_remote_odb()))

    def _pull(self, paths: Sequence[str]) -> None:
        from dvc.exceptions import DvcException

        try:
            # Relative targets would count from the working directory, which may be any.
            self._repo.pull(targets=[str(self._checkout / path) for path in paths])
        except DvcException as error:
            still = tuple(path for path in paths if not (self._checkout / path).exists())
            raise IncompleteLineage(str(self._checkout), still or (str(error),)) from error


def content_md5(path: Path) -> str:
    """The md5 that DVC gives a file, or a folder (ending in `.dir`); empty when there is nothing."""
    if path.is_dir():
        return listing_md5(_listing_of(path))
    return _file_md5(path) if path.exists() else ""


def _listing_of(folder: Path) -> tuple[Content, ...]:
    files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if file.is_file())
    return tuple(Content(path=name, md5=_file_md5(file)) for name, file in files)


def listing_md5(files: Sequence[Content]) -> str:
    """The md5 that DVC gives a folder of these files, by their paths inside it; ends in `.dir`."""
    # DVC's directory object: JSON with sorted keys, rows sorted by relpath (dvc_data.hashfile.tree.Tree.as_bytes).
    rows = [{"md5": file.md5, "relpath": file.path} for file in sorted(files, key=lambda file: file.path)]
    return hashlib.md5(json.dumps(rows, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _file_md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
