"""New items of a STAC API since the last look, each told once, also where it appears late."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from components.arrivals.cursor import Cursor, CursorFile
from components.arrivals.errors import CannotFilter, CatalogueUnreachable, TooManyItems
from components.arrivals.licences import Licences
from components.arrivals.sources import StacSource

if TYPE_CHECKING:
    from pystac_client import Client

MOST_ITEMS: Final = 10_000  # in one poll
_PAGE: Final = 250
_TIMEOUT_S: Final = 30.0
# What pystac-client comes to where the answer is other JSON than it expects.
_NO_SUCH_ANSWER: Final = (ValueError, KeyError, TypeError, AttributeError, NotImplementedError, RecursionError)
_ID_LENGTH: Final = 300  # of an item's id, or a collection's; longer ones are cut


@dataclass(frozen=True)
class Arrival:
    """A new item, or one that was updated.

    Attributes:
        id: of the item.
        collection: of which it is; "" for none.
        time: its `updated` or `datetime`, RFC 3339 in UTC.
        item: what the API says of it, nothing of which is trusted.
    """

    id: str
    collection: str
    time: str
    item: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """What tells this arrival from every other."""
        return f"{self.collection}/{self.id}/{self.time}"


@dataclass(frozen=True)
class Look:
    """What one look at a source found.

    Attributes:
        source: what was looked at.
        arrivals: what is new, the oldest first.
    """

    source: StacSource
    arrivals: tuple[Arrival, ...]
    _file: CursorFile
    _next: tuple[str, tuple[str, ...]]

    def done(self) -> None:
        """Move on: what was found has been told. Without it, the next look finds the same again."""
        self._file.write(*self._next)


def look(source: StacSource, store: str, now: datetime | None = None) -> Look:
    """Search a STAC API for what is new since the last look that was `done`.

    Args:
        source: where and for what.
        store: folder or fsspec url of the DVC remote, which keeps how far the source was read.
        now: time of this look, by default the clock's.

    Raises:
        CatalogueUnreachable: no STAC API answers there.
        CannotFilter: it cannot be searched by `updated`.
        TooManyItems: more than 10,000 items are new.
        BadCursor: what an earlier look left cannot be read.
    """
    file, clock = CursorFile(store, source.name), now or datetime.now(UTC)
    cursor, overlap = file.read(), timedelta(hours=source.overlap_hours)
    is_quiet = cursor is None and source.since is None
    if cursor is None:
        start = _utc(source.since) if source.since else clock - overlap
        cursor = Cursor(_text(start if source.since else clock), (), source.name)
    else:
        start = datetime.fromisoformat(cursor.newest) - overlap
    found = sorted(_search(source, start), key=lambda arrival: (arrival.time, arrival.key))
    told = set(cursor.told)
    arrivals = () if is_quiet else tuple(arrival for arrival in found if arrival.key not in told)
    # An item from the future must not hide all that come before it.
    newest = min(max([cursor.newest, *(arrival.time for arrival in found)]), max(cursor.newest, _text(clock)))
    kept = _text(datetime.fromisoformat(newest) - overlap)
    return Look(source, arrivals, file, (newest, tuple(sorted({item.key for item in found if item.time >= kept}))))


def _search(source: StacSource, start: datetime) -> Iterator[Arrival]:
    for arrival in items_of(source, lambda client: _since(client, source, start), Licences(source.licences)):
        if datetime.fromisoformat(arrival.time) >= start:
            yield arrival


def items_of(
    source: StacSource, words: "Callable[[Client], Mapping[str, Any]]", licences: Licences
) -> Iterator[Arrival]:
    """Items of a source as its API gives them, none of which is trusted.

    Args:
        source: where, and of which collections and area.
        words: further words of the search, from what the API can do.
        licences: which items pass.

    Raises:
        CatalogueUnreachable: the API does not answer as one.
        TooManyItems: more than 10,000.
    """
    from pystac.errors import STACError
    from pystac_client import Client
    from pystac_client.exceptions import APIError
    from pystac_client.stac_api_io import StacApiIO
    from requests import RequestException

    try:
        client = Client.open(source.url, stac_io=StacApiIO(timeout=_TIMEOUT_S))
        asked = {"collections": source.collections or None, "bbox": source.bbox, **words(client)}
        search = client.search(limit=_PAGE, max_items=MOST_ITEMS + 1, **asked)
        for number, item in enumerate(search.items_as_dicts()):
            if number >= MOST_ITEMS:
                raise TooManyItems(source.url, MOST_ITEMS)
            arrival = _arrival(item, source.by)
            if arrival is not None and licences.allow(arrival, client):
                yield arrival
    except (APIError, RequestException, STACError, *_NO_SUCH_ANSWER) as error:
        raise CatalogueUnreachable(source.url, f"{type(error).__name__}: {str(error)[:200]}") from error


def _since(client: "Client", source: StacSource, start: datetime) -> dict[str, Any]:
    """Words of the search for what is at least as new as `start`."""
    if source.by == "datetime":
        return {"datetime": f"{_text(start)}/.."}
    if client.conforms_to("FILTER"):
        comparison = {"op": ">=", "args": [{"property": "updated"}, {"timestamp": _text(start)}]}
        return {"filter": comparison, "filter_lang": "cql2-json"}
    if client.conforms_to("QUERY"):
        return {"query": {"updated": {"gte": _text(start)}}}
    raise CannotFilter(source.url)


def _arrival(item: Mapping[str, Any], by: str) -> Arrival | None:
    """What is told of an item; None for one without an id or a time, which nobody could find again."""
    properties = item.get("properties")
    fields = properties if isinstance(properties, Mapping) else {}
    stated = fields.get(by) or fields.get("start_datetime")
    name = item.get("id")
    if not isinstance(name, str) or not isinstance(stated, str):
        return None
    try:
        time = _text(datetime.fromisoformat(stated))
    except ValueError:
        return None
    return Arrival(name[:_ID_LENGTH], str(item.get("collection") or "")[:_ID_LENGTH], time, item)


def _text(time: datetime) -> str:
    """RFC 3339 in UTC to the microsecond, so that texts sort as times do."""
    return _utc(time).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc(time: datetime) -> datetime:
    """A time without a zone is UTC's."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
