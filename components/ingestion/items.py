"""Reading STAC items: what a scene is, and which files belong to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import pystac
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pystac.errors import STACError, STACTypeError

from components.ingestion.errors import BrokenItem, HrefOutsideData
from components.rasters.calibration import Scale

ASSETS = ("backscatter", "land_cover", "objects", "captions", "alphaearth")
_MOST_ITEM_BYTES = 1_000_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# `dvc` may link a file into its cache instead of copying it: the only link that leaves data/ rightly.
_DVC_CACHE = re.compile(r".*/files/md5/[0-9a-f]{2}/[0-9a-f]{30}")

OffsetDb = Annotated[float, Field(ge=-300, le=300)]  # of any product, with room; JSON's NaN is none
Polarization = Literal["VV", "VH", "HH", "HV", "unknown"]


class Properties(BaseModel):
    """The properties of an item that ingestion reads; others may stand beside them."""

    model_config = ConfigDict(frozen=True, populate_by_name=False)

    platform: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")]
    polarizations: list[Polarization] = Field(alias="sar:polarizations", min_length=1, max_length=4)
    frequency_band: Literal["P", "L", "S", "C", "X", "Ku", "K", "Ka"] | None = Field(None, alias="sar:frequency_band")
    looks_equivalent_number: float | None = Field(None, alias="sar:looks_equivalent_number", gt=0)
    looks_azimuth: float | None = Field(None, alias="sar:looks_azimuth", gt=0)
    looks_range: float | None = Field(None, alias="sar:looks_range", gt=0)
    incidence_deg: float | None = Field(None, alias="view:incidence_angle", ge=0, le=90)
    quantity: Literal["sigma0", "gamma0", "amplitude"] = Field(alias="fusar:quantity")
    scale: Scale = Field(alias="fusar:scale")
    dn_offset_db: list[OffsetDb] | None = Field(None, alias="fusar:dn_offset_db")
    product: str | None = Field(None, alias="fusar:product", max_length=100)
    simulated: bool = Field(alias="fusar:simulated", strict=True)
    georeferenced: bool = Field(True, alias="fusar:georeferenced", strict=True)
    group: Annotated[str, Field(pattern=_ID.pattern + "$")] | None = Field(None, alias="fusar:group")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.quantity == "amplitude") != (self.scale == "amplitude"):
            raise ValueError("fusar:quantity amplitude and fusar:scale amplitude go together")
        if len(set(self.polarizations)) != len(self.polarizations):
            raise ValueError("sar:polarizations names one twice")
        if (self.scale == "dn") != (self.dn_offset_db is not None):
            raise ValueError("fusar:scale dn and fusar:dn_offset_db go together")
        if self.dn_offset_db is not None and len(self.dn_offset_db) != len(self.polarizations):
            raise ValueError("fusar:dn_offset_db must hold one number for each of sar:polarizations")
        if "unknown" in self.polarizations and (len(self.polarizations) > 1 or self.georeferenced):
            raise ValueError("sar:polarizations unknown stands alone, in an item with fusar:georeferenced false")
        if not self.georeferenced and self.group is None:
            raise ValueError("fusar:group must name the scene that a picture with fusar:georeferenced false is part of")
        return self

    @property
    def looks(self) -> float | None:
        """Equivalent number of looks, or the product of the nominal ones; None where neither is given."""
        if self.looks_equivalent_number is not None:
            return self.looks_equivalent_number
        if self.looks_azimuth is None or self.looks_range is None:
            return None
        return self.looks_azimuth * self.looks_range


@dataclass(frozen=True)
class Scene:
    """One acquisition: its item and the files that the item names.

    Attributes:
        item_file: the item, a path under `data`.
        acquired: acquisition time, UTC; None where it is not known, which only a scene without a place may say.
        files: asset name to its path under `data`; not every asset need be there, `backscatter` is.
        alphaearth_year: year that the embedding asset states, or None.
    """

    scene_id: str
    item_file: Path
    acquired: datetime | None
    properties: Properties
    files: Mapping[str, Path]
    alphaearth_year: int | None


def read_scene(item_file: Path, data: Path) -> Scene:
    """Read one STAC item.

    Args:
        item_file: a JSON file named after the scene.
        data: the folder that every asset must lie in.

    Raises:
        BrokenItem: no STAC item, or a property is missing or wrong.
        HrefOutsideData: an asset's href is absolute, has a scheme or leaves `data`.
    """
    if not _belongs(item_file, data):
        raise HrefOutsideData(item_file, "item", item_file.name)
    item = _parse(item_file)
    if not _ID.fullmatch(item.id) or item.id != item_file.stem:
        raise BrokenItem(item_file, f"id {item.id[:100]!r} must be the file's name without .json")
    properties = _properties(item_file, item.properties)
    if item.datetime is None and properties.georeferenced:
        raise BrokenItem(item_file, "datetime: missing")
    if "backscatter" not in item.assets:
        raise BrokenItem(item_file, "assets.backscatter: missing")
    if "alphaearth" in item.assets and not properties.georeferenced:
        raise BrokenItem(item_file, "assets.alphaearth: nobody knows where the scene lies (fusar:georeferenced false)")
    files = {name: _asset_path(item_file, data, name, item.assets[name].href) for name in ASSETS if name in item.assets}
    return Scene(
        scene_id=item.id,
        item_file=item_file,
        acquired=None if item.datetime is None else _utc(item.datetime),
        properties=properties,
        files=files,
        alphaearth_year=_year(item_file, item.assets.get("alphaearth")),
    )


def _utc(time: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is UTC already, whatever zone this machine is in."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _parse(item_file: Path) -> pystac.Item:
    if item_file.stat().st_size > _MOST_ITEM_BYTES:
        raise BrokenItem(item_file, f"larger than {_MOST_ITEM_BYTES} bytes")
    try:
        content = json.loads(item_file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BrokenItem(item_file, "not JSON") from error
    try:
        return pystac.Item.from_dict(content, preserve_dict=False)
    except (STACError, STACTypeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenItem(item_file, f"not a STAC item ({type(error).__name__})") from error


def _properties(item_file: Path, properties: dict[str, Any]) -> Properties:
    try:
        return Properties.model_validate(properties)
    except ValidationError as error:
        raise BrokenItem(item_file, first_fault(error)) from error


def first_fault(error: ValidationError) -> str:
    """The first wrong field, its value and what it must be, in one line."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(map(str, fault["loc"])) or "properties"
    # What is no JSON at all may be any file, reached by a link: its bytes stand in no message.
    hides_value = fault["type"] in ("missing", "value_error", "json_invalid")
    got = "" if hides_value else f" (got {str(fault['input'])[:60]!r})"
    return f"{where}: {fault['msg']}{got}"


def _year(item_file: Path, asset: pystac.Asset | None) -> int | None:
    year = None if asset is None else asset.extra_fields.get("fusar:year")
    if year is not None and not (isinstance(year, int) and 2017 <= year <= 2100):
        raise BrokenItem(item_file, f"assets.alphaearth.fusar:year: {str(year)[:20]!r} is no year from 2017 on")
    return year


def _asset_path(item_file: Path, data: Path, name: str, href: str) -> Path:
    """Path of an asset below `data`, as written: links are resolved only to see where they lead."""
    pure = PurePosixPath(href)
    if ":" in href or "\\" in href or "\x00" in href or pure.is_absolute():
        raise HrefOutsideData(item_file, name, href[:100])
    steps: list[str] = list(item_file.parent.relative_to(data).parts)
    for part in pure.parts:
        if part != "..":
            steps.append(part)
        elif steps:
            steps.pop()
        else:
            raise HrefOutsideData(item_file, name, href[:100])
    path = data.joinpath(*steps)
    if not _belongs(path, data):
        raise HrefOutsideData(item_file, name, href[:100])
    return path


def _belongs(path: Path, data: Path) -> bool:
    real = path.resolve()
    return real.is_relative_to(data.resolve()) or _DVC_CACHE.fullmatch(real.as_posix()) is not None
