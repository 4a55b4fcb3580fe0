"""What a product family is: how its files are told from others, and what they say about themselves.

There are two kinds. A `Product` is a GeoTIFF as it stands, told by what is in it. A `ConvertedProduct` is told by its
path alone (a folder, an archive, a file of another format, one file for each band) and is written as GeoTIFF when it
is added; ingestion reads GeoTIFF only.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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


Write = Callable[[Path], Facts]
Convert = Callable[[Path, Path], Facts]


def itself(path: Path) -> Sequence[Path]:
    """Files of a product that is one file or one folder."""
    return (path,)


@dataclass(frozen=True)
class ConvertedProduct:
    """One family of products that is written as GeoTIFF when it is added; the person's files are only read.

    Attributes:
        name: as `--product` takes it.
        title: one line for people: what it is and where its facts stand.
        matches: whether a path (file or folder) is one of this family. It is asked of every path below a folder, so
            the name decides, or a few bytes; it raises nothing.
        scenes: the scenes in it, by name: for most families one, which `one_scene` makes of a function
            `convert(path, target)`. The function of a scene writes it to the path that it is given, as GeoTIFF with CRS
            and affine, a band for each polarisation (`writing.geotiff` opens one), and gives the STAC properties that
            the product states, `sar:polarizations` in the order of the bands. Both raise SceneError of the file at
            fault.
        files: all files that the same product consists of, in an order of their own; the first one stands for it.
    """

    name: str
    title: str
    matches: Callable[[Path], bool]
    scenes: Callable[[Path], Mapping[str, Write]]
    files: Callable[[Path], Sequence[Path]] = itself


def one_scene(convert: Convert) -> Callable[[Path], Mapping[str, Write]]:
    """The scenes of a family whose products hold one each, under the name of its file or folder."""
    return lambda path: {path.stem: partial(convert, path)}


def utc(path: Path, text: object) -> str:
    """A time of ISO 8601 as STAC writes it, in UTC; without a zone it is UTC already.

    Args:
        path: the file that states it.
        text: the time.

    Raises:
        WrongField: no time.
    """
    try:
        time = dt.datetime.fromisoformat(str(text))
        zoned = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:  # the latter from a zone in the first or last year
        raise WrongField(path, "datetime", text, "a time such as 2021-07-21T08:40:10Z") from error
    return zoned.isoformat().replace("+00:00", "Z")
