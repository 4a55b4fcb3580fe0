"""What a product family is: how its files are told from others, and what they say about themselves."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.catalog.errors import WrongField
from components.rasters.opening import Raster

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Product:
    """One family of products.

    Attributes:
        name: as `--product` takes it.
        title: one line for people: what it is and where its facts stand.
        matches: whether an open raster is one of this family, by its name, tags or metadata file.
        facts: the STAC properties that this product itself states; what it does not state is left out.
    """

    name: str
    title: str
    matches: Callable[[Raster], bool]
    facts: Callable[[Raster], Facts]


def utc(raster: Raster, text: object) -> str:
    """A time of ISO 8601 as STAC writes it, in UTC; without a zone it is UTC already.

    Raises:
        WrongField: no time.
    """
    try:
        time = dt.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise WrongField(raster.path, "datetime", text, "a time such as 2021-07-21T08:40:10Z") from error
    zoned = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    return zoned.isoformat().replace("+00:00", "Z")
