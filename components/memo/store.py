"""Results kept by the content of what they were made of, so that one new scene costs one scene."""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import fsspec

from components.memo.errors import MemoUnreachable

MEMO = "FUSAR_MEMO"
_DIGEST_BYTES = 32


def memo_key(*parts: str | bytes) -> str:
    """Hexadecimal digest of parts in their order; where one part ends and the next begins counts too."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


class Memo:
    """A store of bytes under keys, in any place that fsspec reaches (a folder, s3://bucket/prefix)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._files, self._root = fsspec.core.url_to_fs(url)

    def get(self, key: str) -> bytes | None:
        """Bytes put under a key, or None if there are none or they are damaged: then make them again.

        Raises:
            MemoUnreachable: the store exists but cannot be read.
        """
        try:
            entry: bytes = self._files.cat_file(self._path(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MemoUnreachable(self.url, type(error).__name__) from error
        digest, content = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
        return content if hashlib.sha256(content).digest() == digest else None

    def put(self, key: str, content: bytes) -> None:
        """Keep bytes under a key; readers see all of them or none, whatever is killed in between.

        Raises:
            MemoUnreachable: the store cannot be written.
        """
        self.put_stream(key, hashlib.sha256(content).digest(), [content])

    def put_stream(self, key: str, digest: bytes, chunks: Iterable[bytes]) -> None:
        """As `put`, for bytes that need not lie in memory; `digest` is their SHA-256.

        Raises:
            MemoUnreachable: the store cannot be written.
        """
        path = self._path(key)
        partial = f"{path}.{uuid.uuid4().hex}.partial"
        with self._named():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._files.open(partial, "wb") as file:
                file.write(digest)
                for chunk in chunks:
                    file.write(chunk)
            self._files.mv(partial, path)

    @contextmanager
    def opened(self, key: str) -> Iterator[Any]:
        """An entry as a binary file, SHA-256 of what follows first; None where there is no entry.

        Raises:
            MemoUnreachable: the store exists but cannot be read.
        """
        with self._named():
            try:
                entry = self._files.open(self._path(key), "rb")
            except FileNotFoundError:
                entry = None
        if entry is None:
            yield None
            return
        with entry:
            yield entry

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MemoUnreachable(self.url, type(error).__name__) from error

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"


def memo_here() -> Memo | None:
    """The memo that the environment variable FUSAR_MEMO names; None where it is unset."""
    url = os.environ.get(MEMO)
    return Memo(url) if url else None
