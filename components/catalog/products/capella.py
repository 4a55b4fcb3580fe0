"""Capella GEO and GEC: 16-bit numbers on a map, calibrated by a factor in its metadata. Not run on a real product.

Source: Capella Space, SAR Products Format Specification 1.8. The metadata is the JSON of `..._extended.json` beside the
image, or, without that file, of the image's own tag TIFFTAG_IMAGEDESCRIPTION.

- sigma nought (or gamma nought, as `radiometry` says) is (scale_factor DN)^2, so the item says
  `fusar:scale: dn` and `fusar:dn_offset_db` 20 log10(scale_factor). DN 0 is nodata.
- Only `calibration: full` is taken for calibrated; beta nought and uncalibrated images are refused, as are SLC, SICD
  and CSI.
- GEC lies on the ellipsoid at the mean height of the scene: a hill of h metres lies h / tan(incidence) towards the
  sensor. GEO is terrain-corrected by Capella. The map is the file's own.
"""

import json
import math
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.catalog.errors import BrokenMetadata, UnreadLevel
from components.catalog.products.product import Facts, Product, utc
from components.catalog.terms import LICENSE_URL
from components.rasters.opening import Raster

_NAME = re.compile(r"CAPELLA_C\d+_\w+_(?P<level>GEO|GEC|SLC|SICD|CSI)_(?:HH|VV|HV|VH)_\d{14}_\d{14}\w*")
_TAG = "TIFFTAG_IMAGEDESCRIPTION"
_MOST_BYTES = 50_000_000  # state vectors and pointing of a long strip
_QUANTITIES = {"sigma_nought": "sigma0", "gamma_nought": "gamma0"}


class _Finite(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _CenterPixel(_Finite):
    incidence_deg: float = Field(alias="incidence_angle", ge=0, le=90)


class _Image(_Finite):
    scale_factor: float = Field(gt=0)
    radiometry: str
    calibration: str = "full"  # older products have no such field, and were all calibrated
    center_pixel: _CenterPixel
    range_looks: float = Field(gt=0)
    azimuth_looks: float = Field(gt=0)
    enl: float | None = Field(None, gt=0)
    range_resolution: float | None = Field(None, alias="ground_range_resolution", gt=0)
    azimuth_resolution: float | None = Field(None, alias="ground_azimuth_resolution", gt=0)
    spacing_range: float | None = Field(None, alias="pixel_spacing_column", gt=0)
    spacing_azimuth: float | None = Field(None, alias="pixel_spacing_row", gt=0)


class _Radar(_Finite):
    center_frequency: float = Field(gt=0)
    pointing: Literal["left", "right"]
    transmit: Literal["H", "V"] = Field(alias="transmit_polarization")
    receive: Literal["H", "V"] = Field(alias="receive_polarization")


class _State(BaseModel):
    direction: Literal["ascending", "descending"] | None = None


class _Collect(BaseModel):
    start: str = Field(alias="start_timestamp")
    stop: str = Field(alias="stop_timestamp")
    platform: str
    mode: str
    image: _Image
    radar: _Radar
    state: _State


class _Metadata(BaseModel):
    product_type: str
    license_url: str | None = Field(None, alias="license", pattern=r"^https://\S{1,300}$")
    collect: _Collect


def _matches(raster: Raster) -> bool:
    return _NAME.fullmatch(raster.path.stem) is not None


def _facts(raster: Raster) -> Facts:
    path, metadata = _read(raster)
    if metadata.product_type not in ("GEO", "GEC"):
        raise UnreadLevel(raster.path, f"Capella {metadata.product_type[:20]}", "Take the GEO or GEC product")
    image, collect = metadata.collect.image, metadata.collect
    quantity = _QUANTITIES.get(image.radiometry)
    if quantity is None or image.calibration != "full":
        state = f"Capella {image.radiometry[:20]}, calibration {image.calibration[:20]}"
        raise UnreadLevel(path, state, "Take a fully calibrated product of sigma or gamma nought")
    found = {
        "license": None if metadata.license_url is None else "other",
        LICENSE_URL: metadata.license_url,
        "providers": [{"name": "Capella Space", "roles": ["producer", "processor"]}],
        "datetime": utc(path, _time(collect.start)),
        "start_datetime": utc(path, _time(collect.start)),
        "end_datetime": utc(path, _time(collect.stop)),
        "platform": collect.platform,
        "constellation": "capella",
        "sar:instrument_mode": collect.mode,
        "sar:frequency_band": "X",
        "sar:center_frequency": collect.radar.center_frequency / 1e9,
        "sar:product_type": metadata.product_type,
        "sar:polarizations": [collect.radar.transmit + collect.radar.receive],
        "sar:observation_direction": collect.radar.pointing,
        "sar:looks_range": image.range_looks,
        "sar:looks_azimuth": image.azimuth_looks,
        "sar:looks_equivalent_number": image.enl,
        "sar:resolution_range": image.range_resolution,
        "sar:resolution_azimuth": image.azimuth_resolution,
        "sar:pixel_spacing_range": image.spacing_range,
        "sar:pixel_spacing_azimuth": image.spacing_azimuth,
        "sat:orbit_state": collect.state.direction,
        "view:incidence_angle": image.center_pixel.incidence_deg,
        "fusar:quantity": quantity,
        "fusar:scale": "dn",
        "fusar:dn_offset_db": [20 * math.log10(image.scale_factor)],
        "fusar:simulated": False,
    }
    return {field: value for field, value in found.items() if value is not None}


def _time(text: str) -> str:
    """Capella writes nanoseconds, Python reads up to microseconds."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def _read(raster: Raster) -> tuple[Path, _Metadata]:
    file = raster.path.with_name(f"{raster.path.stem}_extended.json")
    if file.is_file():
        if file.stat().st_size > _MOST_BYTES:
            raise BrokenMetadata(file, f"larger than {_MOST_BYTES} bytes")
        return file, _parse(file, file.read_bytes())
    tag = raster.dataset.tags().get(_TAG)
    if tag is None:
        raise BrokenMetadata(raster.path, f"no {file.name} beside it and no tag {_TAG}")
    return raster.path, _parse(raster.path, tag)


def _parse(path: Path, content: str | bytes) -> _Metadata:
    try:
        return _Metadata.model_validate(json.loads(content, parse_constant=_refuse))
    except ValidationError as error:
        fault: Any = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise BrokenMetadata(path, f"{where}: {fault['msg']} (got {str(fault['input'])[:40]!r})") from error
    except (ValueError, RecursionError) as error:
        raise BrokenMetadata(path, "its metadata is not JSON") from error


def _refuse(constant: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(constant)


PRODUCT = Product(
    name="capella-geo",
    title="Capella GEO or GEC: CAPELLA_C02_SP_GEC_HH_20210101010101_20210101010105.tif, facts in *_extended.json",
    matches=_matches,
    facts=_facts,
)
