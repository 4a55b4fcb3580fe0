"""ICEYE GRD GeoTIFF: 16-bit amplitude, calibrated by a factor, laid on a map. Not run on a real product.

Source: ICEYE's product documentation (https://iceye-ltd.github.io/product-documentation), its pages on radiometry and
metadata, version 2.4 and that of 2025.

- Sigma nought is calibration_factor DN^2: the conversion from beta nought by the incidence angle is in the numbers.
- What the product says stands in the GeoTIFF's own tags: CALIBRATION_FACTOR and its neighbours (2.4), or the STAC
  properties in ICEYE_PROPERTIES (2025). DN 0 is nodata.
- An image with a CRS and an affine (geocoded, GEC, ORTHO) keeps its numbers: `fusar:scale: dn` with 10 log10 of the
  factor. One with control points, as GRD is, is laid on UTM through them by a thin plate spline, bilinear in power, at
  its own pixel spacing, and becomes linear; `fusar:geocoding_residual_m` says how well they fit. The points lie at
  one mean height: a hill of h metres lies h / tan(incidence) towards the sensor.
- SLC, CSI, VID, quicklooks and HDF5 are refused or left alone, and so is an amplitude that was mapped
  (`iceye:amplitude_mapping` with an exponent that is not 1): how to undo it is not published.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from components.catalog.errors import BrokenMetadata, UnreadLevel
from components.catalog.products.geocoding import ControlPoints, attach, lay, plan, stated
from components.catalog.products.product import ConvertedProduct, Facts, Write, utc
from components.catalog.products.writing import Grid, geotiff
from components.geography.projection import LON_LAT, transform
from components.rasters.errors import MissingCRS, TruncatedRaster, WrongSampleType
from components.rasters.opening import open_image, open_raster

_NAME = re.compile(r"ICEYE_\w*(?:GRD|SLC|CSI|VID|GEC|ORTHO)\w*\.(?:tiff?|h5)", re.IGNORECASE)
_SMALL = re.compile(r"QUICKLOOK|THUMBNAIL|PREVIEW|QLK", re.IGNORECASE)
_READ = re.compile(r"GRD|GEC|ORTHO", re.IGNORECASE)
_ROWS = 512
# Where each fact stands: tags of 2.4, then properties of 2025.
_FIELDS = {
    "calibration_factor": ("CALIBRATION_FACTOR", "iceye:calibration_factor"),
    "start": ("ACQUISITION_START_UTC", "start_datetime"),
    "end": ("ACQUISITION_END_UTC", "end_datetime"),
    "platform": ("SATELLITE_NAME", "platform"),
    "mode": ("ACQUISITION_MODE", "sar:instrument_mode"),
    "polarization": ("POLARIZATION", "sar:polarizations"),
    "frequency_hz": ("CARRIER_FREQUENCY", "sar:center_frequency"),
    "side": ("LOOK_SIDE", "sar:observation_direction"),
    "orbit": ("ORBIT_DIRECTION", "sat:orbit_state"),
    "incidence_deg": ("INCIDENCE_CENTER", "view:incidence_angle"),
    "range_looks": ("RANGE_LOOKS", "sar:looks_range"),
    "azimuth_looks": ("AZIMUTH_LOOKS", "sar:looks_azimuth"),
    "range_spacing": ("RANGE_SPACING", "sar:pixel_spacing_range"),
    "azimuth_spacing": ("AZIMUTH_SPACING", "sar:pixel_spacing_azimuth"),
}


class _Said(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    calibration_factor: float = Field(gt=0)
    start: str
    end: str | None = None
    platform: str = Field(pattern=r"(?i)^ICEYE[-_ ]?X\d+$")
    mode: str | None = None
    polarization: str = Field(pattern="^(VV|VH|HH|HV)$")
    frequency_hz: float | None = Field(None, gt=0)
    side: str | None = Field(None, pattern="^(left|right)$")
    orbit: str | None = Field(None, pattern="^(ascending|descending)$")
    incidence_deg: float | None = Field(None, ge=0, le=90)
    range_looks: float | None = Field(None, gt=0)
    azimuth_looks: float | None = Field(None, gt=0)
    range_spacing: float = Field(gt=0, lt=1000)
    azimuth_spacing: float = Field(gt=0, lt=1000)


def _matches(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None and _SMALL.search(path.name) is None


def _scenes(path: Path) -> Mapping[str, Write]:
    return {path.stem: partial(_convert, path)}


def _convert(path: Path, target: Path) -> Facts:
    if _READ.search(path.name) is None or path.suffix.lower() == ".h5":
        raise UnreadLevel(path, "an ICEYE image that is complex, coloured, moving or HDF5", "Take the GRD GeoTIFF")
    with open_image(path) as source:
        if source.count != 1 or source.dtypes[0] != "uint16":
            raise WrongSampleType(path, f"{source.count} x {source.dtypes[0]}", "dn", "one band of uint16")
        said = _said(path, source.tags())
        points, crs = source.gcps
        if source.crs:
            written = _as_it_lies(path, target, said)
        elif points and crs:
            written = _on_a_map(path, source, target, said)
        else:
            raise MissingCRS(path)
    return {**_facts(path, said), **written}


def _said(path: Path, tags: Mapping[str, str]) -> _Said:
    properties = _properties(path, tags)
    mapping = properties.get("iceye:amplitude_mapping")
    if mapping is not None and not _is_identity(mapping):
        raise UnreadLevel(path, "its amplitude was mapped (iceye:amplitude_mapping)", "Take the plain GRD GeoTIFF")
    found: dict[str, Any] = {}
    for field, (tag, name) in _FIELDS.items():
        value = properties.get(name) if properties else tags.get(tag)
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        if field in ("side", "orbit") and isinstance(value, str):
            value = value.lower()
        if value is not None:
            found[field] = value
    try:
        return _Said.model_validate(found)
    except ValidationError as error:
        fault: Any = error.errors(include_url=False)[0]
        field = str(fault["loc"][0])
        got = "" if fault["type"] == "missing" else f" (got {str(fault['input'])[:40]!r})"
        raise BrokenMetadata(path, f"tag {_FIELDS[field][1 if properties else 0]}: {fault['msg']}{got}") from error


def _properties(path: Path, tags: Mapping[str, str]) -> Mapping[str, Any]:
    """The STAC properties in a tag, of an item or bare; none in older products."""
    if "ICEYE_PROPERTIES" not in tags:
        return {}
    try:
        content = json.loads(tags["ICEYE_PROPERTIES"])
    except (ValueError, RecursionError) as error:
        raise BrokenMetadata(path, "its tag ICEYE_PROPERTIES is not JSON") from error
    inner = content.get("properties", content) if isinstance(content, dict) else None
    if not isinstance(inner, dict) or not inner:
        raise BrokenMetadata(path, "its tag ICEYE_PROPERTIES is no JSON object")
    return inner


def _is_identity(mapping: object) -> bool:
    if not isinstance(mapping, dict):
        return False
    parameters = mapping.get("parameters")
    numbers = parameters if isinstance(parameters, dict) else {}
    return (mapping.get("function"), numbers.get("exponent"), numbers.get("scale", 1)) == ("power", 1, 1)


def _as_it_lies(path: Path, target: Path, said: _Said) -> Facts:
    with open_raster(path) as raster:
        grid = Grid(raster.crs, raster.affine, raster.height, raster.width)
        with geotiff(target, grid, 1, "uint16", 0) as sink:
            for window, numbers in _strips(path, raster.dataset):
                sink.write(numbers, 1, window=window)
    return {"fusar:scale": "dn", "fusar:dn_offset_db": [10 * math.log10(said.calibration_factor)]}


def _on_a_map(path: Path, source: Any, target: Path, said: _Said) -> Facts:
    geocoding = plan(_points(path, source), source.shape, max(said.range_spacing, said.azimuth_spacing))
    radar = target.with_name(f".{target.name}.radar")
    target.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        radar, "w", driver="GTiff", count=1, height=source.height, width=source.width, dtype="float32",
        nodata=np.nan, bigtiff="if_safer",
    ) as sink:  # fmt: skip
        attach(sink, geocoding)
        for window, numbers in _strips(path, source):
            squared = np.where(numbers > 0, numbers.astype(np.float64) ** 2, np.nan)
            sink.write((squared * said.calibration_factor).astype(np.float32), 1, window=window)
    with geotiff(target, geocoding.grid, 1, "float32", np.nan) as sink:
        for window, power in lay(radar, geocoding):
            sink.write(power, 1, window=window)
    radar.unlink()
    return {"fusar:scale": "linear", **stated(geocoding, "its control points")}


def _points(path: Path, source: Any) -> ControlPoints:
    points, crs = source.gcps
    row, col, x, y = np.array([(point.row, point.col, point.x, point.y) for point in points], np.float64).T
    return ControlPoints(path, row, col, *transform(crs.to_wkt(), LON_LAT, x, y))


def _strips(path: Path, source: Any) -> Iterator[tuple[Window, npt.NDArray[np.uint16]]]:
    """Rows of an image; what it declares as nodata is 0."""
    for row in range(0, source.height, _ROWS):
        window = Window(0, row, source.width, min(_ROWS, source.height - row))
        try:
            numbers = source.read(1, window=window)
        except RasterioError as error:
            raise TruncatedRaster(path) from error
        if source.nodata is not None:
            numbers[numbers == source.nodata] = 0
        yield window, numbers


def _facts(path: Path, said: _Said) -> Mapping[str, Any]:
    found = {
        "datetime": utc(path, said.start),
        "start_datetime": utc(path, said.start) if said.end else None,
        "end_datetime": utc(path, said.end) if said.end else None,
        "platform": re.sub(r"[-_ ]", "-", said.platform.lower()),
        "constellation": "iceye",
        "sar:instrument_mode": said.mode,
        "sar:frequency_band": "X",
        "sar:center_frequency": None if said.frequency_hz is None else said.frequency_hz / 1e9,
        "sar:product_type": "GRD",
        "sar:polarizations": [said.polarization],
        "sar:observation_direction": said.side,
        "sar:looks_range": said.range_looks,
        "sar:looks_azimuth": said.azimuth_looks,
        "sar:pixel_spacing_range": said.range_spacing,
        "sar:pixel_spacing_azimuth": said.azimuth_spacing,
        "sat:orbit_state": said.orbit,
        "view:incidence_angle": said.incidence_deg,
        "fusar:quantity": "sigma0",
        "fusar:simulated": False,
    }
    return {field: value for field, value in found.items() if value is not None}


PRODUCT = ConvertedProduct(
    name="iceye-grd",
    title="ICEYE GRD GeoTIFF as sigma nought: ICEYE_X6_GRD_SM_153426_20211026T060946.tif",
    matches=_matches,
    scenes=_scenes,
)
