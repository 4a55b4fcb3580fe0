"""Files, fetched with bounds: an interrupted one goes on where it stopped, a whole one appears at once."""

import time
from pathlib import Path
from typing import Final

from components.arrivals.assets import Asset
from components.arrivals.checksums import problem_of
from components.arrivals.errors import AssetUnreachable, OtherPart, RefusedItem
from components.arrivals.sources import Bounds
from components.arrivals.transports import Answer, Wanted, opened

_LONGEST_S: Final = 3600.0  # for one file in one look


def fetch(asset: Asset, target: Path, bounds: Bounds, signature: str = "") -> None:
    """Bring a file here; one that is here already is not asked for again.

    Args:
        asset: which.
        target: its file, which appears whole and checked or not at all.
        bounds: hosts and sizes that hold.
        signature: see `transports.Wanted`.

    Raises:
        RefusedItem: it is too large, not there, not what the item says, or leads to a host that is not allowed.
        AssetUnreachable: it does not come now.
        NoDriver: nothing here reads such an address.
    """
    if target.exists():
        return
    _check_size(asset, asset.size or 0, bounds)
    target.parent.mkdir(parents=True, exist_ok=True)
    part, mark = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    etag = mark.read_text(encoding="latin-1") if mark.exists() else ""
    try:
        wanted = Wanted(asset.item, asset.address, _size(part) if etag else 0, etag, signature)
        with opened(wanted, bounds) as answer:
            _write(asset, answer, (part, mark), bounds)
    except AssetUnreachable as error:
        if isinstance(error, OtherPart):
            mark.unlink(missing_ok=True)  # the next look asks for all of it
        raise AssetUnreachable(error.address, f"{error.problem} after {_size(part)} bytes") from error
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


def _write(asset: Asset, answer: Answer, files: tuple[Path, Path], bounds: Bounds) -> None:
    part, mark = files
    mark.unlink(missing_ok=True)  # it never names other bytes than those that lie here
    size, until = answer.start, time.monotonic() + _LONGEST_S
    with part.open("ab" if size else "wb") as sink:
        if answer.etag:
            mark.write_text(answer.etag, encoding="latin-1")
        for piece in answer.pieces:
            size += len(piece)
            _check_size(asset, size, bounds)
            sink.write(piece)
            if time.monotonic() > until:
                raise AssetUnreachable(asset.address, f"not here after {_LONGEST_S:.0f} s")


def _check_size(asset: Asset, size: int, bounds: Bounds) -> None:
    if size > bounds.most_mib << 20:
        raise RefusedItem(asset.item, f"{asset.address[:200]!a}: more than {bounds.most_mib} MiB (`most_mib`)")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
