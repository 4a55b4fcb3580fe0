"""GeoJSON (RFC 7946): polygons with longitude before latitude; the property `category`, `class` or `name` is the class.

`length_m` and `width_m` are kept. One file a scene, named after it. An older file's member `crs` must say WGS 84.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target
from components.catalog.labels.reading import json_of, parsed, stem_of

_WGS84 = ("CRS84", "4326")
_Point = tuple[Annotated[float, Field(ge=-360, le=360)], Annotated[float, Field(ge=-90, le=90)]]
_Metres = Annotated[float, Field(gt=0)] | None


class _Geometry(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[Annotated[list[_Point], Field(min_length=4)]] = Field(min_length=1)


class _Properties(BaseModel):
    name: str = Field(validation_alias=AliasChoices("category", "class", "name"))
    length_m: _Metres = None
    width_m: _Metres = None


class _Feature(BaseModel):
    geometry: _Geometry
    properties: _Properties


class _Collection(BaseModel):
    type: Literal["FeatureCollection"]
    features: list[_Feature]
    crs: dict[str, Any] | None = None


def _read(path: Path, ending: str) -> Iterator[Picture]:
    content = parsed(_Collection, json_of(path), path)
    if content.crs is not None and not any(name in str(content.crs) for name in _WGS84):
        raise BrokenLabels(path, "its member crs is not WGS 84 (`ogr2ogr -t_srs EPSG:4326` converts it)")
    yield Picture(path, stem_of(path.name, ending), tuple(map(_target, content.features)), unit="degree")


def _target(feature: _Feature) -> Target:
    # A ring's last point repeats its first.
    ring = tuple(feature.geometry.coordinates[0][:-1])
    return Target(feature.properties.name, ring, feature.properties.length_m, feature.properties.width_m)


FORMAT = Format("geojson", "GeoJSON polygons in longitude and latitude, one file a scene", (".geojson", ".json"), _read)
