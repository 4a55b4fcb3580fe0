"""The STAC item of a scene: what the product says, what the person says, and what the raster is."""

import json
import math
from collections.abc import Mapping
from typing import Any, get_args

import pystac
import shapely
from pyproj.exceptions import ProjError
from pystac.extensions.projection import ProjectionExtension
from pystac.extensions.raster import DataType, NoDataStrings, RasterBand, RasterExtension
from pystac.extensions.sar import SarExtension
from pystac.extensions.sat import SatExtension
from pystac.extensions.view import ViewExtension

from components.catalog.errors import Contradiction, MissingFields, WrongField
from components.catalog.given import Given
from components.catalog.products import ANY_GEOTIFF
from components.catalog.products.product import Facts, utc
from components.catalog.terms import ALPHAEARTH, LICENSE_URL, attributed, without_overruled
from components.geography.footprints import locate
from components.rasters.calibration import Scale
from components.rasters.errors import UnusableCRS
from components.rasters.opening import Raster

# What ingestion cannot do without, each with an example; a test holds them against what ingestion reads.
REQUIRED = {
    "datetime": "2021-07-21T08:40:10Z",
    "platform": "sentinel-1a",
    "sar:polarizations": "VV,VH",
    "fusar:quantity": "gamma0",
    "fusar:scale": "decibel",
    "fusar:simulated": "false",
}
# And of a picture of which nobody knows where it lies; a span of time may stand for its time.
_REQUIRED_UNPLACED = {"fusar:group": "harbour-1"}
_SPAN = ("start_datetime", "end_datetime")
FOLDERS = {
    "backscatter": "scenes",
    "land_cover": "land_cover",
    "objects": "objects",
    "captions": "captions",
    "alphaearth": "alphaearth",
}
_GEOTIFF, _GEOJSON = "image/tiff; application=geotiff", "application/geo+json"
_UNITS = {"decibel": "dB", "linear": "1", "amplitude": None}
_PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"  # pystac has no class for it
# The extension's schema wants all four: an item that knows fewer keeps its fields and does not claim the schema.
_SAR_NEEDS = ("sar:instrument_mode", "sar:frequency_band", "sar:polarizations", "sar:product_type")


def is_georeferenced(stated: Facts, given: Given) -> bool:
    """Whether a scene has a place: unless its product or the person says that it has none."""
    return not any(facts.get("fusar:georeferenced") is False for facts in (stated, given.properties))


def combine(raster: Raster, product: str, stated: Facts, given: Given) -> Facts:
    """STAC properties of a scene: what its product states, and beside it what the person does.

    Args:
        raster: the open backscatter.
        product: name of the family, which the item keeps as `fusar:product`; for a GeoTIFF that is of no family the
            person may say another.
        stated: what the product states.
        given: what the person states.

    Raises:
        Contradiction: both state a field, and differently.
        MissingFields: neither states what ingestion must know.
        WrongField: a time is none.
    """
    said = dict(given.properties)
    for field in {"datetime", *_SPAN} & said.keys():
        said[field] = None if said[field] is None else utc(raster.path, said[field])
    if product != ANY_GEOTIFF:
        stated = {**stated, "fusar:product": product}
    stated = without_overruled(stated, said)
    for field in sorted(stated.keys() & said.keys()):
        if _plain(stated[field]) != _plain(said[field]):
            raise Contradiction(raster.path, product, field, stated[field], said[field])
    found = {"fusar:product": product, **said, **stated}
    required = REQUIRED if raster.is_georeferenced else REQUIRED | _REQUIRED_UNPLACED
    missing = {field: example for field, example in required.items() if found.get(field) is None}
    if not raster.is_georeferenced and all(found.get(field) for field in _SPAN):
        missing.pop("datetime", None)
    if missing:
        raise MissingFields(raster.path, product, missing)
    _check_types(raster, found)
    return attributed(found)


def describe(raster: Raster, scene_id: str, facts: Facts, assets: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The item as JSON, the same bytes for the same scene; asset hrefs are relative to data/items/.

    Args:
        raster: the open backscatter.
        scene_id: the item's id and its files' name.
        facts: STAC properties, with all of `REQUIRED`.
        assets: name of each companion to further fields of its asset.

    Raises:
        UnusableCRS: its corners have no longitude and latitude.
    """
    geometry, box, spacing_m = _ground(raster)
    properties = {field: value for field, value in facts.items() if field not in ("datetime", LICENSE_URL)}
    if spacing_m is not None:
        properties["gsd"] = spacing_m
    time = facts.get("datetime")
    item = pystac.Item(
        scene_id, geometry, box, None if time is None else pystac.utils.str_to_datetime(time), properties
    )
    if LICENSE_URL in facts:
        item.add_link(pystac.Link(pystac.RelType.LICENSE, facts[LICENSE_URL]))
    _add_backscatter(item, raster, facts)
    for name, fields in assets.items():
        ending, kind = ("geojson", _GEOJSON) if name == "objects" else ("tif", _GEOTIFF)
        href = f"../{FOLDERS[name]}/{scene_id}.{ending}"
        terms = ALPHAEARTH if name == "alphaearth" else {}
        item.add_asset(name, pystac.Asset(href, media_type=kind, roles=["data"], extra_fields={**terms, **fields}))
    _claim_extensions(item, raster)
    content = item.to_dict(include_self_link=False)
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def _check_types(raster: Raster, facts: Facts) -> None:
    for name in ("platform", "fusar:quantity", "fusar:product"):
        if not isinstance(facts[name], str):
            raise WrongField(raster.path, name, facts[name], "text")
    if not str(facts.get(LICENSE_URL, "https://")).startswith(("https://", "http://")):
        raise WrongField(raster.path, LICENSE_URL, facts[LICENSE_URL], "an address, https://...")
    if facts["fusar:scale"] not in get_args(Scale):
        raise WrongField(raster.path, "fusar:scale", facts["fusar:scale"], f"one of {', '.join(get_args(Scale))}")
    names = facts["sar:polarizations"]
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise WrongField(raster.path, "sar:polarizations", names, "a list such as VV,VH")


def _plain(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _ground(raster: Raster) -> tuple[dict[str, Any] | None, list[float] | None, float | None]:
    """GeoJSON polygon of the four corners, its bounding box [degree], and the ground distance of pixels [m].

    None of them where no place is known.
    """
    if not raster.is_georeferenced:
        return None, None, None
    try:
        ground = locate(raster.crs, raster.affine, [0], [0], (raster.height, raster.width))
    except (ProjError, ValueError) as error:
        raise UnusableCRS(raster.path, raster.crs[:40]) from error
    polygon = shapely.from_wkb(ground.footprints[0])
    ring = [[round(lon, 8), round(lat, 8)] for lon, lat in polygon.exterior.coords]
    box = [round(edge, 8) for edge in polygon.bounds]
    return {"type": "Polygon", "coordinates": [ring]}, box, round(float(ground.spacing_m[0]), 3)


def _add_backscatter(item: pystac.Item, raster: Raster, facts: Facts) -> None:
    item.add_asset("backscatter", pystac.Asset(f"../scenes/{item.id}.tif", media_type=_GEOTIFF, roles=["data"]))
    # JSON has no NaN and no infinity: the raster extension has words for them.
    nodata = (
        raster.nodata if raster.nodata is None or math.isfinite(raster.nodata) else NoDataStrings(str(raster.nodata))
    )
    kind, unit = DataType(raster.dtype), _UNITS.get(facts["fusar:scale"])
    bands = [RasterBand.create(nodata=nodata, data_type=kind, unit=unit) for _ in range(raster.bands)]
    RasterExtension.ext(item.assets["backscatter"], add_if_missing=True).apply(bands)


def _claim_extensions(item: pystac.Item, raster: Raster) -> None:
    if all(field in item.properties for field in _SAR_NEEDS):
        SarExtension.add_to(item)
    for prefix, extension in (("sat:", SatExtension), ("view:", ViewExtension)):
        if any(field.startswith(prefix) for field in item.properties):
            extension.add_to(item)
    if any(field.startswith("processing:") for field in item.properties):
        item.stac_extensions.append(_PROCESSING)
    if not raster.is_georeferenced:
        return
    # Without an authority's code, the CRS is WKT.
    code, wkt2 = (raster.crs, None) if len(raster.crs) < 30 else (None, raster.crs)
    ProjectionExtension.ext(item, add_if_missing=True).apply(
        code=code, wkt2=wkt2, shape=[raster.height, raster.width], transform=list(raster.affine)[:6]
    )
