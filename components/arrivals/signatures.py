"""Shared access signatures: what an archive such as the Planetary Computer asks for beside the address of a file.

A signature is a secret of an hour: it goes into the request alone, never into an address that is kept or said.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from components.arrivals.errors import NoSignature
from components.arrivals.sources import StacSource

_TIMEOUT_S: Final = 30.0
_SPARE: Final = timedelta(minutes=5)  # a request that begins with it must not outlive it
_TOKEN: Final = re.compile(r"[A-Za-z0-9%&=._~:+/-]{1,4000}")


@dataclass(frozen=True)
class _Signature:
    query: str = field(repr=False)
    until: datetime


_known: dict[str, _Signature] = {}


def signature_of(address: str, collection: str, source: StacSource) -> str:
    """What a request adds to the query of an address; "" on the API's own host, and where the source has no `tokens`.

    Args:
        address: of a file.
        collection: of its item.
        source: whose `tokens` gives signatures; it is asked again five minutes before one ends.

    Raises:
        NoSignature: none is given now.
    """
    asked, giver = urlsplit(address), f"{source.tokens.rstrip('/')}/{quote(collection, safe='')}"
    if asked.scheme != urlsplit(giver).scheme or asked.netloc == urlsplit(source.url).netloc:
        return ""
    known = _known.get(giver)
    if known is None or known.until - _SPARE < datetime.now(UTC):
        known = _known[giver] = _given(giver)
    return known.query


def _given(giver: str) -> _Signature:
    import requests

    try:
        answer = requests.get(giver, timeout=_TIMEOUT_S, allow_redirects=False)
        if answer.status_code != 200:
            raise NoSignature(giver, f"HTTP {answer.status_code}")
        said = answer.json()
        query, until = said["token"], datetime.fromisoformat(said["msft:expiry"])
        if not _TOKEN.fullmatch(query) or until.tzinfo is None:
            raise ValueError("no such token")
    except requests.exceptions.JSONDecodeError as error:
        raise NoSignature(giver, "no JSON") from error
    except requests.RequestException as error:
        raise NoSignature(giver, type(error).__name__) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NoSignature(giver, "no `token` with its `msft:expiry`") from error
    return _Signature(query, until)
