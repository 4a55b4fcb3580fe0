"""Files of a folder or an object store with their sizes and times."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fsspec.implementations.local import LocalFileSystem

# What the file systems of fsspec call the time of writing; `modified` asks again for each file.
_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated")


@dataclass(frozen=True)
class Item:
    """One file or object.

    Attributes:
        path: as its file system names it.
        size: [bytes].
        written: when [s since 1970, UTC].
    """

    path: str
    size: int
    written: float


def items_below(files: Any, folder: str) -> Iterator[Item]:
    """Everything below a folder of an fsspec file system, sorted by path; nothing where the folder is absent."""
    files.invalidate_cache(folder)
    if not files.exists(folder):
        return
    for path, facts in sorted(files.find(folder, detail=True).items()):
        yield Item(str(path), int(facts.get("size") or 0), _written(files, path, facts))


def md5_of(files: Any, path: str, skip: int = 0) -> str:
    """The md5 of a file's bytes after the first `skip`."""
    digest = hashlib.md5(usedforsecurity=False)
    with files.open(path, "rb") as stream:
        stream.read(skip)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def remove_files(files: Any, paths: Sequence[str]) -> None:
    """Remove files; one that is gone already is none to remove."""
    if isinstance(files, LocalFileSystem):
        for path in paths:
            Path(path).unlink(missing_ok=True)
    elif paths:
        files.rm(list(paths))  # object stores take a thousand names at once


def _written(files: Any, path: str, facts: Mapping[str, Any]) -> float:
    value = next((facts[name] for name in _TIMES if facts.get(name)), None)
    if value is None:
        value = files.modified(path)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.timestamp() if isinstance(value, datetime) else float(value)
