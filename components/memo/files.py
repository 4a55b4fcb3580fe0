"""Files that a stage made, with a few figures about each, in entries of the memo; no file is held in memory."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from components.memo.store import Memo

_CHUNK_BYTES = 1 << 20
_LENGTH_BYTES = 8
_MOST_NOTES_BYTES = 1 << 26  # more is a damaged length


def file_digest(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_file(memo: Memo, key: str, source: Path, notes: Mapping[str, Any]) -> None:
    """Keep a file's bytes under a key.

    Args:
        memo: where to.
        key: of the entry.
        source: the file.
        notes: what JSON can say about it, so that nobody opens the file to count.

    Raises:
        MemoUnreachable: the store cannot be written.
    """
    line = json.dumps(notes, sort_keys=True).encode()
    head = len(line).to_bytes(_LENGTH_BYTES, "big") + line
    digest = hashlib.sha256(head)
    with source.open("rb") as file:
        for chunk in _chunks(file):
            digest.update(chunk)
        file.seek(0)
        memo.put_stream(key, digest.digest(), _with(head, file))


def restore_file(memo: Memo, key: str, target: Path) -> dict[str, Any] | None:
    """Write the bytes that were kept under a key to `target`, all of them or none.

    Returns:
        The notes, or None where there is no entry or a damaged one: then the file must be made again.

    Raises:
        MemoUnreachable: the store exists but cannot be read.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        with memo.opened(key) as entry:
            if entry is None:
                return None
            stated, length = entry.read(hashlib.sha256().digest_size), entry.read(_LENGTH_BYTES)
            line = entry.read(min(int.from_bytes(length, "big"), _MOST_NOTES_BYTES))
            digest = hashlib.sha256(length + line)
            with partial.open("wb") as file:
                for chunk in _chunks(entry):
                    digest.update(chunk)
                    file.write(chunk)
        if digest.digest() != stated:
            return None
        partial.replace(target)
        notes: dict[str, Any] = json.loads(line)
        return notes
    finally:
        partial.unlink(missing_ok=True)


def _with(head: bytes, file: IO[bytes]) -> Iterator[bytes]:
    yield head
    yield from _chunks(file)


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
