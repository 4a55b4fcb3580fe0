"""Files of items, fetched with bounds: an interrupted one goes on where it stopped, a whole one appears at once."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from components.arrivals.assets import Asset, check_address
from components.arrivals.checksums import problem_of
from components.arrivals.errors import AssetUnreachable, RefusedItem
from components.arrivals.stac import StacSource

if TYPE_CHECKING:
    from requests import Response

_TIMEOUT_S: Final = 30.0  # until an answer, and between two pieces of it
_LONGEST_S: Final = 3600.0  # for one file in one look
_REDIRECTS: Final = 5
_PIECE: Final = 1 << 16  # of a broken answer, the last piece is lost
_LATER: Final = frozenset({408, 416, 425, 429})  # and whatever is the server's fault


def fetch(asset: Asset, target: Path, source: StacSource) -> None:
    """Bring a file here; one that is here already is not asked for again.

    Args:
        asset: which.
        target: its file, which appears whole and checked or not at all.
        source: whose hosts and bounds hold.

    Raises:
        RefusedItem: it is too large, not there, not what the item says, or leads to a host that is not allowed.
        AssetUnreachable: it does not come now.
    """
    from requests import RequestException

    if target.exists():
        return
    _check_size(asset, asset.size or 0, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    part, mark = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    try:
        with _answer(asset, source, _wanted(part, mark)) as answer:
            _write(asset, answer, (part, mark), source)
    except RequestException as error:
        raise AssetUnreachable(asset.address, f"{type(error).__name__} after {_size(part)} bytes") from error
    size, problem = _size(part), ""
    if asset.size is not None and size != asset.size:
        problem = f"it has {size} bytes, and file:size says {asset.size}"
    elif asset.checksum is not None:
        problem = problem_of(part, asset.checksum)
    mark.unlink(missing_ok=True)
    if problem:
        part.unlink()
        raise RefusedItem(asset.item, f"{asset.address[:200]!a}: {problem}")
    part.replace(target)


def _wanted(part: Path, mark: Path) -> dict[str, str]:
    """Headers of the request: the rest of what is here, where the server has said which bytes these are."""
    plain = {"Accept-Encoding": "identity"}
    if not (mark.exists() and _size(part)):
        return plain
    return {**plain, "Range": f"bytes={_size(part)}-", "If-Range": mark.read_text(encoding="latin-1")}


@contextmanager
def _answer(asset: Asset, source: StacSource, headers: Mapping[str, str]) -> "Iterator[Response]":
    """The answer with the file, behind redirects each of which is checked before it is followed."""
    import requests

    with requests.Session() as session:
        address = asset.address
        for _ in range(_REDIRECTS):
            check_address(asset.item, address, source)
            with session.get(
                address, headers=headers, stream=True, timeout=_TIMEOUT_S, allow_redirects=False
            ) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers["Location"])
                    continue
                _check_status(asset, answer)
                yield answer
                return
    raise RefusedItem(asset.item, f"{asset.address[:200]!a}: more than {_REDIRECTS} redirects")


def _check_status(asset: Asset, answer: "Response") -> None:
    status = answer.status_code
    if status >= 500 or status in _LATER:
        raise AssetUnreachable(asset.address, f"HTTP {status}")
    if status not in (200, 206) or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedItem(asset.item, f"{asset.address[:200]!a}: HTTP {status} and no file as it is")


def _write(asset: Asset, answer: "Response", files: tuple[Path, Path], source: StacSource) -> None:
    part, mark = files
    goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {_size(part)}-")
    if answer.status_code == 206 and not goes_on:
        mark.unlink(missing_ok=True)  # the next look asks for all of it
        raise AssetUnreachable(asset.address, "the server sent another part than was asked for")
    etag = answer.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        mark.write_text(etag, encoding="latin-1")
    size, until = _size(part) if goes_on else 0, time.monotonic() + _LONGEST_S
    with part.open("ab" if goes_on else "wb") as sink:
        for piece in answer.iter_content(_PIECE):
            size += len(piece)
            _check_size(asset, size, source)
            sink.write(piece)
            if time.monotonic() > until:
                raise AssetUnreachable(asset.address, f"not here after {_LONGEST_S:.0f} s")


def _check_size(asset: Asset, size: int, source: StacSource) -> None:
    if size > source.most_mib << 20:
        raise RefusedItem(asset.item, f"{asset.address[:200]!a}: more than {source.most_mib} MiB (`most_mib`)")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
