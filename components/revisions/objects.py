"""Objects in a shared store (a folder, s3://bucket/prefix) that appear with all of their bytes or not at all."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

from fsspec.implementations.local import LocalFileSystem

from components.revisions.errors import NoExclusiveCreate

_PROBE: Final = ".made-once"
_PRECONDITION_FAILED: Final = 412


def create(files: Any, path: str, content: bytes) -> None:
    """Create an object, of all who try at once exactly one succeeds.

    Args:
        files: fsspec's file system.
        path: of the object in it.
        content: all of its bytes.

    Raises:
        FileExistsError: it exists.
        NoExclusiveCreate: the store would let all of them succeed.
    """
    if not isinstance(files, LocalFileSystem):
        _ask_whether_exclusive(files, path.rsplit("/", 2)[0])
        _put_where_nothing_is(files, path, content)
        return
    # On a local folder fsspec's mode="create" looks first and then writes (two writers both win, and a kill leaves
    # half an object); a hard link is made at once or not at all.
    partial = _written(path, content)
    try:
        os.link(partial, path)
    finally:
        partial.unlink()


@cache
def _ask_whether_exclusive(files: Any, folder: str) -> None:
    """Make one object twice, once a process: several servers of the S3 protocol overwrite it without a word."""
    path = f"{folder}/{_PROBE}"
    for _ in range(2):  # the first ever succeeds
        try:
            _put_where_nothing_is(files, path, b"")
        except FileExistsError:
            return
    raise NoExclusiveCreate(folder)


def _put_where_nothing_is(files: Any, path: str, content: bytes) -> None:
    """One conditional PUT."""
    try:
        files.pipe_file(path, content, mode="create")
    except OSError as error:
        # s3fs knows Amazon's own words for it; Ceph answers with the status alone, which s3fs takes for a bad argument.
        answer = getattr(error.__cause__, "response", None) or {}
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == _PRECONDITION_FAILED:
            raise FileExistsError(path) from error
        raise


def replace(files: Any, path: str, content: bytes) -> None:
    """Give an object new bytes: a reader sees the old ones or the new ones."""
    if isinstance(files, LocalFileSystem):
        _written(path, content).replace(path)
    else:
        files.pipe_file(path, content)


def _written(path: str, content: bytes) -> Path:
    """A file beside `path` that holds the bytes, on disk for good."""
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix=".", suffix=".partial")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(partial)
