"""Umbra GEC: 8-bit amplitude on a rotated grid; its facts stand in files beside it, some in its name.

Beside X_GEC.tif the metadata file X_METADATA.json is read, and a STAC item named X.stac.v2.json, X.stac.json,
X_GEC.stac.json or X_GEC.json, which says what the metadata file does not; where both state a field differently, the
scene is set aside. The rotated grid was run on a real image of Mount Yasur (corners and crater within 0.1 pixel); the
files beside it were tried on ones made after Umbra's pages, not on real ones.

Source: Umbra Collect Metadata 1.0 and 1.1 (https://docs.canopy.umbra.space/docs/collect-metadata).
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from components.catalog.errors import WrongField
from components.catalog.products.product import Facts, Product, utc
from components.catalog.products.stac_beside import stated_by
from components.catalog.terms import UMBRA
from components.rasters.opening import Raster

_NAME = re.compile(r"(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)_(?P<platform>UMBRA-\d\d)_GEC(?:_\w+)?")
# An item may give the middle of what has a start and an end, and describe all products of a collect.
_NOT_COMPARED = {"datetime", "start_datetime", "end_datetime", "sar:product_type"}
_MOST_BYTES = 10_000_000


class _Resolution(BaseModel):
    range_m: float = Field(alias="rangeMeters", gt=0)
    azimuth_m: float = Field(alias="azimuthMeters", gt=0)


class _Collect(BaseModel):
    start: str = Field(alias="startAtUTC")
    end: str | None = Field(None, alias="endAtUTC")
    band: Literal["X"] = Field("X", alias="radarBand")
    frequency_hz: float | None = Field(None, alias="radarCenterFrequencyHz", gt=0)
    polarizations: list[Literal["VV", "VH", "HH", "HV"]] = Field(min_length=1)
    incidence_deg: float | None = Field(None, alias="angleIncidenceDegrees", ge=0, le=90)
    track: Literal["ASCENDING", "DESCENDING"] | None = Field(None, alias="satelliteTrack")
    look: Literal["LEFT", "RIGHT"] | None = Field(None, alias="observationDirection")
    resolution: _Resolution | None = Field(None, alias="maxGroundResolution")


class _Metadata(BaseModel):
    vendor: Literal["Umbra Space"]
    mode: str = Field(alias="imagingMode")
    satellite: str = Field(alias="umbraSatelliteName")
    # An image of several collects has no one time and angle.
    collects: Annotated[list[_Collect], Field(min_length=1, max_length=1)]


def _metadata_file(raster: Raster) -> Path:
    base = re.sub(r"_GEC(?:_\w+)?$", "", raster.path.stem)
    return raster.path.with_name(f"{base}_METADATA.json")


def _matches(raster: Raster) -> bool:
    return _NAME.fullmatch(raster.path.stem) is not None


def _facts(raster: Raster) -> Facts:
    stated: dict[str, Any] = {
        "constellation": "umbra",
        "sar:frequency_band": "X",
        "sar:product_type": "GEC",
        "fusar:quantity": "amplitude",
        "fusar:scale": "amplitude",
        "fusar:simulated": False,
    }
    name, metadata, item = _NAME.fullmatch(raster.path.stem), _metadata_file(raster), _stac_item(raster)
    if metadata.is_file():
        stated |= _of_metadata(raster, metadata)
    if item is not None:
        stated = _with_item(item, stated)
    if name is not None and "datetime" not in stated:
        day, clock = name["time"][:10], name["time"][11:].replace("-", ":")
        stated |= {"datetime": utc(raster.path, f"{day}T{clock}"), "platform": name["platform"].lower()}
    return {**UMBRA, **stated}


def _stac_item(raster: Raster) -> Path | None:
    """The STAC item beside an image."""
    base = re.sub(r"_GEC(?:_\w+)?$", "", raster.path.stem)
    names = (f"{base}.stac.v2.json", f"{base}.stac.json", f"{raster.path.stem}.stac.json", f"{raster.path.stem}.json")
    return next((file for file in map(raster.path.with_name, names) if file.is_file()), None)


def _with_item(item: Path, stated: dict[str, Any]) -> dict[str, Any]:
    """What an item beside the image says, added to what is known."""
    said = dict(stated_by(item))
    if "platform" in said:
        said["platform"] = said["platform"].lower().replace("_", "-")
    for field in sorted((said.keys() & stated.keys()) - _NOT_COMPARED):
        if str(said[field]).casefold() != str(stated[field]).casefold():
            raise WrongField(item, field, said[field], f"{stated[field]!r}, as the metadata file or this family says")
    return said | stated


def _of_metadata(raster: Raster, file: Path) -> dict[str, Any]:
    metadata = _read(file)
    collect = metadata.collects[0]
    resolution = collect.resolution
    found = {
        "datetime": utc(raster.path, collect.start),
        "start_datetime": utc(raster.path, collect.start) if collect.end else None,
        "end_datetime": utc(raster.path, collect.end) if collect.end else None,
        "platform": metadata.satellite.lower().replace("_", "-"),
        "sar:instrument_mode": metadata.mode,
        "sar:center_frequency": None if collect.frequency_hz is None else collect.frequency_hz / 1e9,
        "sar:polarizations": list(collect.polarizations),
        "sar:observation_direction": None if collect.look is None else collect.look.lower(),
        "sar:resolution_range": None if resolution is None else resolution.range_m,
        "sar:resolution_azimuth": None if resolution is None else resolution.azimuth_m,
        "sat:orbit_state": None if collect.track is None else collect.track.lower(),
        "view:incidence_angle": collect.incidence_deg,
    }
    return {field: value for field, value in found.items() if value is not None}


def _read(file: Path) -> _Metadata:
    if file.stat().st_size > _MOST_BYTES:
        raise WrongField(file, "its size", file.stat().st_size, f"up to {_MOST_BYTES} bytes")
    try:
        return _Metadata.model_validate_json(file.read_bytes())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise WrongField(file, where, fault["input"], f"as Umbra describes it ({fault['msg']})") from error


PRODUCT = Product(
    name="umbra-gec",
    title="Umbra GEC, uncalibrated amplitude: 2023-02-12-21-33-56_UMBRA-04_GEC.tif, facts in files beside it",
    matches=_matches,
    facts=_facts,
)
