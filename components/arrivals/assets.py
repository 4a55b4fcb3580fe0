"""Which files an item names, and whether one may be fetched: of its hrefs, nothing is followed unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from components.arrivals.addresses import check_address
from components.arrivals.errors import RefusedItem
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival

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
        names: file name by asset key; those of the backscatter among them, of which one must be there.

    Raises:
        RefusedItem: no asset holds backscatter, or one may not be fetched.
    """
    described = arrival.item.get("assets")
    assets = described if isinstance(described, Mapping) else {}
    needed = list(source.assets.values()) or [source.asset]
    if not set(needed) & set(assets):
        which = "`assets` of the source name other keys" if source.assets else "`asset` of the source names another key"
        raise RefusedItem(arrival.id, f"assets.{', '.join(needed)}: missing; {which}")
    return {name: _asset(arrival, source, key, assets[key]) for key, name in names.items() if key in assets}


def properties_of(arrival: Arrival, source: StacSource) -> dict[str, Any]:
    """What an item states of its acquisition, and what the source states of all its items, which counts more."""
    stated = arrival.item["properties"].items()
    kept = {name: value for name, value in stated if name in _FIELDS or name.startswith(_PREFIXES)}
    return {**kept, **source.properties}


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
