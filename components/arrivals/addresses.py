"""Whether an address may be asked: only hosts that the configuration names, whatever an item or a redirect says."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

from components.arrivals.errors import RefusedItem
from components.arrivals.sources import Bounds

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 4000


def check_address(item: str, address: str, bounds: Bounds) -> None:
    """Refuse an address that is not of the API's own host nor of one that is allowed.

    Raises:
        RefusedItem: naming the address.
    """
    try:
        is_good = _is_allowed(address, bounds)
    except ValueError:
        is_good = False
    if not is_good or len(address) > _LONGEST:
        own = "neither on the API's own host nor on " if bounds.address else "not on "
        raise RefusedItem(
            item,
            f"its file lies at {address[:200]!a}, {own}one of `hosts`, or not by HTTPS; nothing was fetched",
        )


def _is_allowed(address: str, bounds: Bounds) -> bool:
    own, asked = urlsplit(bounds.address), urlsplit(address)
    # Libraries differ in what they make of a name before `@` and of a backslash.
    if not (address.isascii() and address.isprintable()) or set("@\\") & set(asked.netloc + address[:300]):
        return False
    if asked.scheme == "s3":
        # s3fs reads `?versionId=`, and more than one address where there is a pattern.
        return f"s3://{asked.netloc}" in bounds.hosts and not set("?*[]#") & set(address)
    allowed = {_host(urlsplit(f"{asked.scheme}://{host}")) for host in bounds.hosts if "://" not in host}
    if own.scheme:
        return asked.scheme in (own.scheme, "https") and _host(asked) in {_host(own), *allowed}
    return _is_plain_enough(asked, bounds) and _host(asked) in allowed


def _is_plain_enough(asked: SplitResult, bounds: Bounds) -> bool:
    """HTTPS; plain HTTP only of a host that is named with its port, which nobody does unknowingly."""
    return asked.scheme == "https" or (asked.scheme == "http" and f"{asked.hostname}:{asked.port}" in bounds.hosts)


def _host(parts: SplitResult) -> tuple[str, int | None]:
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
