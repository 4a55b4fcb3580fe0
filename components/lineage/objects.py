"""Bytes as the DVC cache and remote keep them, read once for all of their digests."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from components.lineage.contents import Contents
from components.lineage.record import Content

FOLDER_SUFFIX: Final = ".dir"
_BLOCK: Final = 1 << 20
_READERS: Final = 8  # an object store answers slowly and many at once; hashing lets go of the interpreter
_WINDOW: Final = 512
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Digests:
    """What tells bytes from others: md5 as DVC has it, sha256 against whoever makes md5s collide, size [bytes]."""

    md5: str
    sha256: str
    size: int


def digests_of(stream: BinaryIO) -> Digests:
    """Digests of all that is left in a stream, in one pass and little memory."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        md5.update(block)
        sha256.update(block)
        size += len(block)
    return Digests(md5.hexdigest(), sha256.hexdigest(), size)


def digests_of_file(path: Path) -> Digests:
    """Digests of a file on disk."""
    with path.open("rb") as stream:
        return digests_of(stream)


def side_by_side(read: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """`read` of each item, several at a time, in the order of the items."""
    rest = iter(items)
    with ThreadPoolExecutor(_READERS) as pool:
        while window := list(islice(rest, _WINDOW)):
            yield from pool.map(read, window)


class Objects:
    """Objects by their md5, in the cache of one checkout and in its default remote."""

    def __init__(self, root: Path) -> None:
        """Open the DVC repository at `root`."""
        from dvc.repo import Repo  # costs 0.4 s

        repo = Repo(str(root))
        self._cache, self._remote = repo.cache.local, repo.cloud.get_remote_odb()
        self._contents = Contents(root)

    def in_remote(self, md5: str) -> Digests | None:
        """Digests of what the remote keeps under an md5, which may be other bytes; None where it keeps nothing."""
        return self._digests(self._remote, md5)

    def in_cache(self, md5: str) -> Digests | None:
        """Digests of what the cache of this machine keeps under an md5; None where it keeps nothing."""
        return self._digests(self._cache, md5)

    def anywhere(self, md5: str) -> Digests | None:
        """The right bytes' digests, from the cache or the remote; else those of wrong ones, None where neither is."""
        here = self.in_cache(md5)
        if here is not None and here.md5 == md5:
            return here
        return self.in_remote(md5) or here

    def content(self, md5: str) -> bytes | None:
        """Bytes with this md5, from the cache or the remote; None where neither has the right ones."""
        for store in (self._cache, self._remote):
            try:
                with store.fs.open(store.oid_to_path(md5), "rb") as stream:
                    found: bytes = stream.read()
            except FileNotFoundError:
                continue
            if hashlib.md5(found, usedforsecurity=False).hexdigest() == md5.removesuffix(FOLDER_SUFFIX):
                return found
        return None

    def files(self, content: Content) -> tuple[Content, ...]:
        """A file as it is; a folder as DVC's listing of it, then each of its files by their paths in the repository.

        Raises:
            IncompleteLineage: the listing is nowhere.
        """
        if not content.md5.endswith(FOLDER_SUFFIX):
            return (content,)
        inside = self._contents.listing(content)
        return (content, *(Content(path=f"{content.path}/{file.path}", md5=file.md5) for file in inside))

    @staticmethod
    def _digests(store: Any, md5: str) -> Digests | None:
        try:
            with store.fs.open(store.oid_to_path(md5), "rb") as stream:
                found = digests_of(stream)
        except FileNotFoundError:
            return None
        suffix = FOLDER_SUFFIX if md5.endswith(FOLDER_SUFFIX) else ""
        return Digests(found.md5 + suffix, found.sha256, found.size)
