"""Parts of a file behind an address: its head once, and then no more than what is asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from components.arrivals.errors import AssetUnreachable, RefusedItem
from components.arrivals.sources import Bounds
from components.arrivals.transports import Wanted, http_answer, http_faults, s3_faults, s3_file

if TYPE_CHECKING:
    from requests import Session

# The head of a tile of 8192 x 8192 pixels and 64 bands, with the places of all its blocks, takes about 200 kB.
_HEAD: Final = 1 << 19
_GAP: Final = 1 << 14  # parts that lie so close together are one request
_LONGEST_PART: Final = 64 << 20


class Parts(Protocol):
    """A file of which parts can be had."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """Bytes of the file; each call is one request."""
        ...


class Ranges:
    """A file whose head is read once, and whose other parts are asked for as they are needed.

    Attributes:
        size: of the file [byte].
    """

    def __init__(self, parts: Parts) -> None:
        """Read the head."""
        self._parts = parts
        self._head = parts.read(0, _HEAD)
        self.size = parts.size

    def read(self, start: int, length: int) -> bytes:
        """Bytes of the file, fewer at its end."""
        return self.read_many([(start, length)])[0]

    def read_many(self, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several parts (start, length), those that are neighbours in one request."""
        spans: list[list[int]] = []
        for start, end in sorted((start, min(start + length, self.size)) for start, length in wanted):
            if end <= len(self._head):
                continue
            if spans and start <= spans[-1][1] + _GAP and end - spans[-1][0] <= _LONGEST_PART:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([start, end])
        read = [(0, self._head), *((first, self._parts.read(first, last - first)) for first, last in spans)]
        return [_part(read, start, min(length, max(self.size - start, 0))) for start, length in wanted]


@contextmanager
def ranges_of(wanted: Wanted, bounds: Bounds) -> Iterator[Ranges]:
    """A file behind an address for the duration of the block.

    Raises:
        RefusedItem: it is not there, leads to a host that is not allowed, or its server gives no parts of files.
        AssetUnreachable: it does not come now, or became another file meanwhile.
        NoDriver: nothing here reads such an address.
    """
    import requests

    if wanted.address.startswith("s3://"):
        with s3_faults(wanted):
            yield Ranges(_S3Parts(wanted, bounds))
        return
    with http_faults(wanted), requests.Session() as session:
        yield Ranges(_HttpParts(wanted, bounds, session))


def _part(read: Sequence[tuple[int, bytes]], start: int, length: int) -> bytes:
    first, content = next(one for one in read if one[0] <= start and start + length <= one[0] + len(one[1]))
    return content[start - first : start - first + length]


class _HttpParts:
    """Parts of one file over one connection."""

    def __init__(self, wanted: Wanted, bounds: Bounds, session: "Session") -> None:
        self._wanted, self._bounds, self._session = wanted, bounds, session
        self._etag = ""
        self.size = 0

    def read(self, start: int, length: int) -> bytes:
        """One request; all parts are of one and the same content, or an error."""
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        if self._etag:
            headers["If-Range"] = self._etag
        with http_answer(self._wanted, headers, self._bounds, self._session) as answer:
            span, _, size = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
            if answer.status_code != 206 or not span.startswith(f"{start}-") or not size.isdigit():
                if self._etag:
                    raise AssetUnreachable(self._wanted.address, "it became another file meanwhile")
                raise RefusedItem(
                    self._wanted.item, f"{self._wanted.address[:200]!a}: its server gives no parts of files"
                )
            etag = answer.headers.get("ETag", "")
            self._etag, self.size = "" if etag.startswith("W/") else etag, int(size)
            return b"".join(_at_most(answer.iter_content(1 << 16), length))


class _S3Parts:
    """Parts of one object."""

    def __init__(self, wanted: Wanted, bounds: Bounds) -> None:
        self._file = s3_file(wanted, bounds)
        self.size = int(self._file.size)

    def read(self, start: int, length: int) -> bytes:
        """One request; s3fs makes it of the content that was opened, or none."""
        self._file.seek(start)
        return bytes(self._file.read(length))


def _at_most(pieces: Iterator[Any], length: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:length]
        length -= len(piece)
        if length <= 0:
            return
