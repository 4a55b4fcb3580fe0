"""What a person asks of a STAC API: items of a place, a time, a sensor and under certain licences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from components.arrivals.errors import BadQuestion
from components.arrivals.licences import Licences
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival, items_of

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Question:
    """What is asked for; what is None is not asked.

    Attributes:
        place: area that an item's footprint must touch, longitude and latitude [degree].
        start: first moment of acquisition.
        end: last moment of acquisition.
        sensor: platform, constellation or instrument, in any case: sentinel-1a, sentinel-1.
        licences: of which an item has one, in any case; those of the source hold beside them.
    """

    place: BaseGeometry | None = None
    start: datetime | None = None
    end: datetime | None = None
    sensor: str | None = None
    licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a question finds.

    Attributes:
        arrivals: items, the oldest first.
        unlicensed: how many that the API gave are under no licence that was asked for, by licence.
    """

    arrivals: tuple[Arrival, ...]
    unlicensed: Mapping[str, int]


def read_place(text: str) -> BaseGeometry:
    """An area from `WEST,SOUTH,EAST,NORTH` or from a file of GeoJSON.

    Raises:
        BadQuestion: neither of the two.
    """
    file = Path(text).expanduser()
    try:
        if not file.is_file():
            west, south, east, north = (float(edge) for edge in text.split(","))
            is_on_earth = -90 <= south < north <= 90 and -180 <= west <= 180 and west < east <= west + 360
            if not is_on_earth:
                raise ValueError(text)
            return shapely.box(west, south, east, north)
        content = json.loads(file.read_bytes() if file.stat().st_size <= _MOST_BYTES else b"")
        parts = content["features"] if content["type"] == "FeatureCollection" else [content]
        place = shapely.union_all([shapely.geometry.shape(part.get("geometry", part)) for part in parts])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ShapelyError) as error:
        raise BadQuestion(f"--place {text[:60]!r}", "neither WEST,SOUTH,EAST,NORTH nor a file of GeoJSON") from error
    if place.is_empty or not place.is_valid:
        raise BadQuestion(f"--place {text[:60]!r}", "its area is empty or crosses itself")
    return place


def read_times(text: str) -> tuple[datetime | None, datetime | None]:
    """First and last moment of `FROM/TO`, in UTC where no zone is said; a day is meant as a whole, `..` as no bound.

    Raises:
        BadQuestion: no such span.
    """
    first, separator, last = text.partition("/")
    try:
        start = None if first == ".." else _moment(first)
        end = None if (last or first) == ".." else _moment(last or first)
    except ValueError as error:
        raise BadQuestion(f"--time {text[:60]!r}", "not FROM/TO, such as 2021-07-01/2021-07-31") from error
    if end is not None and len(last or first) <= len("2021-07-21"):
        end += timedelta(days=1, microseconds=-1)
    if (separator and not last) or (start is not None and end is not None and end < start):
        raise BadQuestion(f"--time {text[:60]!r}", "it ends before it begins")
    return start, end


def _moment(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def search(source: StacSource, question: Question) -> Found:
    """Items that answer a question. What the API cannot be asked, or does not keep to, is held here.

    Raises:
        CatalogueUnreachable: the API does not answer as one.
        TooManyItems: more than 10,000.
    """
    licences = Licences(source.licences, question.licences)
    found = dict[str, Arrival]()
    acquired = source.model_copy(update={"by": "datetime"})
    for arrival in items_of(acquired, lambda _: _words(question, source), licences):
        if _answers(arrival.item, question):
            found.setdefault(arrival.id, arrival)  # a scene is named after its item: of two collections, one counts
    ordered = sorted(found.values(), key=lambda one: (one.time, one.id))
    return Found(tuple(ordered), licences.left)


def _words(question: Question, source: StacSource) -> dict[str, Any]:
    words: dict[str, Any] = {}
    if question.place is not None:
        area = question.place if source.bbox is None else question.place & shapely.box(*source.bbox)
        words["bbox"] = list((question.place if area.is_empty else area).bounds)
    if question.start or question.end:
        ends = (".." if time is None else time.isoformat() for time in (question.start, question.end))
        words["datetime"] = "/".join(ends)
    return words


def _answers(item: Mapping[str, Any], question: Question) -> bool:
    properties = item["properties"]
    if question.sensor is not None:
        names = [properties.get("platform"), properties.get("constellation"), *_texts(properties.get("instruments"))]
        if question.sensor.casefold() not in {name.casefold() for name in names if isinstance(name, str)}:
            return False
    if (question.start or question.end) and not _is_within(properties, question):
        return False
    return question.place is None or _touches(item.get("geometry"), question.place)


def _texts(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_within(properties: Mapping[str, Any], question: Question) -> bool:
    try:
        time = _moment(str(properties.get("datetime") or properties.get("start_datetime")))
    except ValueError:
        return False
    return (question.start is None or time >= question.start) and (question.end is None or time <= question.end)


def _touches(geometry: object, place: BaseGeometry) -> bool:
    """Whether a footprint touches an area, on whichever side of the antimeridian either is written."""
    try:
        footprint = shapely.geometry.shape(geometry)
        return any(shapely.affinity.translate(footprint, turn).intersects(place) for turn in (0, 360, -360))
    except (ValueError, KeyError, TypeError, AttributeError, ShapelyError):
        return False
