"""The bytes behind an address, from any byte on: HTTP with checked redirects, and S3 where its driver is there."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from components.arrivals.addresses import check_address
from components.arrivals.errors import AssetUnreachable, NoDriver, OtherPart, RefusedItem
from components.arrivals.sources import Bounds

if TYPE_CHECKING:
    from requests import Response, Session

_TIMEOUT_S: Final = 30.0  # until an answer, and between two pieces of it
_REDIRECTS: Final = 5
_PIECE: Final = 1 << 16  # of a broken answer, the last piece is lost
_S3_PIECE: Final = 8 << 20  # each is a request
_LATER: Final = frozenset({408, 416, 425, 429})  # and whatever is the server's fault


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        item: whose file it is, for messages.
        address: where it lies.
        start: first byte that is not here yet.
        etag: of the file whose first bytes are here; "" for none, and then `start` is 0.
        signature: what the request adds to the query of the address; no redirect and no message has it.
    """

    item: str
    address: str
    start: int = 0
    etag: str = ""
    signature: str = field(default="", repr=False)


@dataclass(frozen=True)
class Answer:
    """What comes.

    Attributes:
        start: byte that the pieces begin at: 0 where the file is another one by now.
        etag: names this very content; "" where the server has no such name.
        pieces: its bytes to the end.
    """

    start: int
    etag: str
    pieces: Iterator[bytes]


@contextmanager
def opened(wanted: Wanted, bounds: Bounds) -> Iterator[Answer]:
    """Ask for a file, from the byte on that is not here yet.

    Raises:
        RefusedItem: it is not there, or leads to a host that is not allowed.
        AssetUnreachable: it does not come now.
        NoDriver: nothing here reads such an address.
    """
    check_address(wanted.item, wanted.address, bounds)
    if wanted.address.startswith("s3://"):
        with s3_faults(wanted):
            yield _s3_answer(wanted, bounds)
        return
    with http_faults(wanted):
        headers = {"Range": f"bytes={wanted.start}-", "If-Range": wanted.etag} if wanted.etag and wanted.start else {}
        with http_answer(wanted, headers, bounds) as answer:
            yield _http_pieces(wanted, answer)


@contextmanager
def http_answer(
    wanted: Wanted, headers: dict[str, str], bounds: Bounds, connection: "Session | None" = None
) -> "Iterator[Response]":
    """The answer with the file, behind redirects each of which is checked before it is followed.

    Raises:
        RefusedItem: it is not there, or leads to a host that is not allowed.
        AssetUnreachable: the server cannot answer now.
    """
    import requests

    with nullcontext(connection) if connection else requests.Session() as session:
        address, signature = wanted.address, wanted.signature
        for _ in range(_REDIRECTS):
            check_address(wanted.item, address, bounds)
            plain = {"Accept-Encoding": "identity", **headers}
            with session.get(
                address, params=signature, headers=plain, stream=True, timeout=_TIMEOUT_S, allow_redirects=False
            ) as answer:
                if answer.is_redirect:
                    address, signature = urljoin(address, answer.headers["Location"]), ""
                    continue
                _check_status(wanted, answer)
                yield answer
                return
    raise RefusedItem(wanted.item, f"{wanted.address[:200]!a}: more than {_REDIRECTS} redirects")


def _check_status(wanted: Wanted, answer: "Response") -> None:
    status = answer.status_code
    if status >= 500 or status in _LATER:
        raise AssetUnreachable(wanted.address, f"HTTP {status}")
    if status not in (200, 206) or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedItem(wanted.item, f"{wanted.address[:200]!a}: HTTP {status} and no file as it is")


def _http_pieces(wanted: Wanted, answer: "Response") -> Answer:
    is_part = answer.status_code == 206
    if is_part and not answer.headers.get("Content-Range", "").startswith(f"bytes {wanted.start}-"):
        raise OtherPart(wanted.address, "the server sent another part than was asked for")
    etag = answer.headers.get("ETag", "")
    return Answer(wanted.start if is_part else 0, "" if etag.startswith("W/") else etag, answer.iter_content(_PIECE))


@contextmanager
def http_faults(wanted: Wanted) -> Iterator[None]:
    """What a connection over HTTP comes to, as our errors.

    Raises:
        AssetUnreachable: it breaks.
    """
    from requests import RequestException

    try:
        yield
    except RequestException as error:
        # What requests says of a refused connection has the whole query.
        raise AssetUnreachable(wanted.address, type(error).__name__) from (None if wanted.signature else error)


def _s3_answer(wanted: Wanted, bounds: Bounds) -> Answer:
    file = s3_file(wanted, bounds)
    etag = str(file.details.get("ETag", ""))
    start = wanted.start if wanted.etag and wanted.etag == etag else 0
    file.seek(start)
    return Answer(start, etag, iter(lambda: file.read(_S3_PIECE), b""))


def s3_file(wanted: Wanted, bounds: Bounds) -> Any:
    """The file as fsspec opens it: each part that is read is a request, and holds only for the content of now.

    Raises:
        NoDriver: s3fs is not installed.
    """
    import fsspec

    try:
        files = fsspec.filesystem("s3", anon=bounds.anonymous, use_listings_cache=False)
    except ImportError as error:
        raise NoDriver(wanted.address) from error
    return files.open(wanted.address, "rb", cache_type="none")


@contextmanager
def s3_faults(wanted: Wanted) -> Iterator[None]:
    """What a request of S3 comes to, as our errors.

    Raises:
        RefusedItem: there is no such object.
        AssetUnreachable: it does not come now.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise RefusedItem(wanted.item, f"{wanted.address[:200]!a}: no such object") from error
    except OSError as error:  # refused credentials too: that is no fault of the item
        raise AssetUnreachable(wanted.address, f"{type(error).__name__}: {str(error)[:200]}") from error
    except Exception as error:
        # botocore's own errors have no base but Exception that could be named without botocore.
        if not type(error).__module__.startswith(("botocore.", "aiohttp.", "fsspec.")):
            raise
        raise AssetUnreachable(wanted.address, f"{type(error).__name__}: {str(error)[:200]}") from error
