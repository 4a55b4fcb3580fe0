"""A STAC item that a provider delivers beside a raster: the properties that say how the scene was taken."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.catalog.errors import WrongField
from components.catalog.products.product import Facts, utc

_MOST_BYTES = 1_000_000
_TIMES = ("datetime", "start_datetime", "end_datetime")


class _Properties(BaseModel):
    """Those that are kept; whatever else an item holds, links and assets included, is not read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    datetime: str | None = None
    start_datetime: str | None = None
    end_datetime: str | None = None
    platform: str | None = Field(None, max_length=40)
    constellation: str | None = Field(None, max_length=40)
    license: str | None = Field(None, max_length=100)
    mode: str | None = Field(None, alias="sar:instrument_mode", max_length=40)
    band: str | None = Field(None, alias="sar:frequency_band", max_length=2)
    frequency_ghz: float | None = Field(None, alias="sar:center_frequency", gt=0)
    polarizations: list[str] | None = Field(None, alias="sar:polarizations", min_length=1, max_length=4)
    product_type: str | None = Field(None, alias="sar:product_type", max_length=40)
    resolution_range_m: float | None = Field(None, alias="sar:resolution_range", gt=0)
    resolution_azimuth_m: float | None = Field(None, alias="sar:resolution_azimuth", gt=0)
    looks_range: float | None = Field(None, alias="sar:looks_range", gt=0)
    looks_azimuth: float | None = Field(None, alias="sar:looks_azimuth", gt=0)
    looks_equivalent: float | None = Field(None, alias="sar:looks_equivalent_number", gt=0)
    look: str | None = Field(None, alias="sar:observation_direction", pattern="^(left|right)$")
    orbit_state: str | None = Field(None, alias="sat:orbit_state", pattern="^(ascending|descending|geostationary)$")
    absolute_orbit: int | None = Field(None, alias="sat:absolute_orbit", ge=1)
    relative_orbit: int | None = Field(None, alias="sat:relative_orbit", ge=1)
    incidence_deg: float | None = Field(None, alias="view:incidence_angle", ge=0, le=90)
    azimuth_deg: float | None = Field(None, alias="view:azimuth", ge=0, le=360)
    level: str | None = Field(None, alias="processing:level", max_length=20)


def stated_by(file: Path) -> Facts:
    """Properties that the item in a file states.

    Raises:
        WrongField: no STAC item, or a property cannot be what it should be.
    """
    properties = _properties(file)
    try:
        read = _Properties.model_validate(properties)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "properties"
        raise WrongField(file, where, fault["input"], f"as STAC describes it ({fault['msg']})") from error
    found: dict[str, Any] = read.model_dump(by_alias=True, exclude_none=True)
    for name in _TIMES:
        if name in found:
            found[name] = utc(file, found[name])
    if "datetime" not in found and "start_datetime" in found:
        found["datetime"] = found["start_datetime"]
    return found


def _properties(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _MOST_BYTES:
        raise WrongField(file, "its size", file.stat().st_size, f"up to {_MOST_BYTES} bytes")
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise WrongField(file, "the file", "text", "JSON") from error
    properties = content.get("properties") if isinstance(content, dict) else None
    if not isinstance(properties, dict) or "stac_version" not in content:
        raise WrongField(file, "the file", type(content).__name__, "a STAC item")
    return properties
