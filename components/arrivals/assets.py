"""Which files an item names, and whether one may be fetched: of its hrefs, nothing is followed unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from components.arrivals.errors import RefusedItem
from components.arrivals.stac import Arrival, StacSource

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 4000
_FIELDS: Final = ("platform", "constellation", "instruments", "datetime", "license")
_PREFIXES: Final = ("sar:", "sat:", "view:", "fusar:")


@dataclass(frozen=True)
class Asset:
    """A file of an item that may be fetched.

    Attributes:
        item: id of the item.
        address: where it lies.
        size: that the item states [byte]; None where it states none.
        checksum: that the item states, a multihash; None where it states none.
    """

    item: str
    address: str
    size: int | None
    checksum: object


def assets_of(arrival: Arrival, source: StacSource, names: Mapping[str, str]) -> dict[str, Asset]:
    """Files of an item, by what each shall be called.

    Args:
        arrival: the item.
        source: where it comes from, and which other hosts may be asked.
        names: file name by asset key; the first one's must be there, the others' may be.

    Raises:
        RefusedItem: the first asset is missing, or one may not be fetched.
    """
    described = arrival.item.get("assets")
    assets = described if isinstance(described, Mapping) else {}
    needed = next(iter(names))
    if needed not in assets:
        raise RefusedItem(arrival.id, f"assets.{needed}: missing; `asset` of the source names another key")
    return {name: _asset(arrival, source, key, assets[key]) for key, name in names.items() if key in assets}


def properties_of(arrival: Arrival, source: StacSource) -> dict[str, Any]:
    """What an item states of its acquisition, and what the source states of all its items, which counts more."""
    stated = arrival.item["properties"].items()
    kept = {name: value for name, value in stated if name in _FIELDS or name.startswith(_PREFIXES)}
    return {**kept, **source.properties}


def check_address(item: str, address: str, source: StacSource) -> None:
    """Refuse an address that is not of the source's own host nor of one that it allows.

    Raises:
        RefusedItem: naming the address.
    """
    try:
        own, asked = urlsplit(source.url), urlsplit(address)
        # Libraries differ in what they make of a name before `@` and of a backslash.
        is_plain = address.isascii() and address.isprintable() and not set("@\\") & set(asked.netloc + address[:300])
        allowed = {_host(own), *(_host(urlsplit(f"{asked.scheme}://{host}")) for host in source.hosts)}
        is_good = asked.scheme in (own.scheme, "https") and is_plain and _host(asked) in allowed
    except ValueError:
        is_good = False
    if not is_good or len(address) > _LONGEST:
        raise RefusedItem(
            item,
            f"its file lies at {address[:200]!a}, neither on the API's own host nor on one of `hosts`, or not by "
            "HTTPS; nothing was fetched",
        )


def _asset(arrival: Arrival, source: StacSource, key: str, described: object) -> Asset:
    href = described.get("href") if isinstance(described, Mapping) else None
    if not isinstance(described, Mapping) or not isinstance(href, str):
        raise RefusedItem(arrival.id, f"assets.{key}: has no href")
    try:
        address = urljoin(_base(arrival, source), href)
    except ValueError:
        address = href
    check_address(arrival.id, address, source)
    size = described.get("file:size")
    is_size = isinstance(size, int) and not isinstance(size, bool)
    return Asset(arrival.id, address, size if is_size else None, described.get("file:checksum"))


def _base(arrival: Arrival, source: StacSource) -> str:
    """Against what a relative href is read: the item's own address, else the API's."""
    links = arrival.item.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, Mapping) and link.get("rel") == "self" and isinstance(link.get("href"), str):
            return str(link["href"])
    return f"{source.url.rstrip('/')}/"


def _host(parts: SplitResult) -> tuple[str, int | None]:
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
