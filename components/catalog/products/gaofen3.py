"""Gaofen-3 L2: 16-bit numbers to sigma nought by the constants of its meta.xml. Not run on a real product.

Sources: the user manual of Gaofen-3 products (China Centre for Resources Satellite Data and Application): in decibels,
sigma nought is 10 log10((DN QualifyValue / 65535)^2) - CalibrationConst, each for its polarisation.

- A product is `GF3_..._L2_<polarisations>_L2....meta.xml` with a `.tiff` for each polarisation beside it, of 16 bits
  and with a CRS. The item says `fusar:scale: dn` with 20 log10(QualifyValue / 65535) - CalibrationConst. DN 0 is
  nodata.
- The word NULL, in meta.xml, is no value: a polarisation without QualifyValue or CalibrationConst is not calibrated and
  the product is refused. Incidence is the middle of near and far range.
- L2 lies on the ellipsoid at a mean height: a hill of h metres lies h / tan(incidence) towards the sensor.
- L1A (complex) and L1B know where they lie by RPC or four corners only and are refused, with what to do instead.
"""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from rasterio.windows import Window

from components.catalog.errors import BrokenMetadata, UnreadLevel
from components.catalog.metadata.xml import Node, read_xml
from components.catalog.products.product import ConvertedProduct, Facts, Write, utc
from components.catalog.products.writing import Grid, geotiff
from components.rasters.errors import MissingAsset, WrongSampleType
from components.rasters.opening import Raster, check_same_grid, open_raster

_NAME = re.compile(
    r"(?P<before>GF3[A-D]?_\w+_\w+_\d+_[EW][\d.]+_[NS][\d.]+_\d{8})_L(?P<level>1A|1B|2)_(?P<polarizations>[A-Z]+)_"
    r"(?P<id>L\d+)(?:\.meta\.xml|\.tiff?)"
)
_POLARIZATIONS = ("HH", "HV", "VH", "VV")
_STATES = {"ASC": "ascending", "DEC": "descending"}
_SIDES = {"R": "right", "L": "left"}
_FULL_SCALE = 65535.0
_ROWS = 512
_TERRAIN = "Have it geocoded first (SNAP, PIE-SAR, GAMMA) and add that as GeoTIFF, or take the L2 product"


def _matches(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None


def _files(path: Path) -> Sequence[Path]:
    """The metadata of a product, then its images: what has the same name, but for the polarisation."""
    name = _NAME.fullmatch(path.name)
    if name is None:
        return (path,)
    others = [file for file in sorted(path.parent.iterdir()) if _is_part(file, name)]
    metadata = [file for file in others if file.suffix == ".xml"]
    return (*metadata, *(file for file in others if file.suffix != ".xml")) or (path,)


def _is_part(file: Path, name: re.Match[str]) -> bool:
    other = _NAME.fullmatch(file.name)
    return other is not None and all(other[part] == name[part] for part in ("before", "level", "id"))


def _scenes(path: Path) -> Mapping[str, Write]:
    return {_files(path)[0].name.split(".meta")[0].split(".tif")[0]: partial(_convert, path)}


def _convert(path: Path, target: Path) -> Facts:
    metadata, *images = _files(path)
    if metadata.suffix != ".xml":
        raise MissingAsset(metadata.with_name(f"{metadata.stem}.meta.xml"))
    name = _NAME.fullmatch(metadata.name)
    assert name is not None  # as `_files` found it
    if name["level"] != "2":
        raise UnreadLevel(metadata, f"Gaofen-3 L{name['level']}, placed by RPC or corners only", _TERRAIN)
    root = read_xml(metadata)
    by_polarization = _images(metadata, images)
    offsets = [_offset_db(root, polarization) for polarization in by_polarization]
    _copy(list(by_polarization.values()), target)
    return {
        **_facts(root),
        "sar:polarizations": list(by_polarization),
        "fusar:quantity": "sigma0",
        "fusar:scale": "dn",
        "fusar:dn_offset_db": offsets,
        "fusar:simulated": False,
    }


def _images(metadata: Path, files: Sequence[Path]) -> Mapping[str, Path]:
    """Polarisation to image, co-polarised first."""
    found: dict[str, Path] = {}
    for file in files:
        name = _NAME.fullmatch(file.name)
        polarization = "" if name is None else name["polarizations"]
        if polarization not in _POLARIZATIONS or polarization in found:
            raise BrokenMetadata(file, f"{polarization!r} in its name is not one polarisation of this product")
        found[polarization] = file
    if not found:
        raise BrokenMetadata(metadata, "no image of it (.tiff, named as it is) lies beside it")
    return dict(sorted(found.items(), key=lambda image: (image[0][0] != image[0][1], image[0])))


def _offset_db(root: Node, polarization: str) -> float:
    """What backscatter [dB] adds to 20 log10(DN)."""
    qualify = root.number(f"imageinfo/QualifyValue/{polarization}")
    constant = root.number(f"processinfo/CalibrationConst/{polarization}")
    if not qualify > 0:
        raise BrokenMetadata(root.path, f"imageinfo/QualifyValue/{polarization} {qualify} is not positive")
    return 20 * math.log10(qualify / _FULL_SCALE) - constant


def _copy(images: Sequence[Path], target: Path) -> None:
    """The images as bands of one file, in rows, their numbers as they are."""
    with ExitStack() as stack:
        rasters = [stack.enter_context(open_raster(image)) for image in images]
        for raster in rasters:
            _check(raster, rasters[0])
        first = rasters[0]
        grid = Grid(first.crs, first.affine, first.height, first.width)
        sink = stack.enter_context(geotiff(target, grid, len(rasters), "uint16", 0))
        for row in range(0, first.height, _ROWS):
            height = min(_ROWS, first.height - row)
            for band, raster in enumerate(rasters, start=1):
                numbers = raster.read(row=row, height=height)[0]
                if raster.nodata is not None:
                    numbers[numbers == raster.nodata] = 0
                sink.write(numbers, band, window=Window(0, row, first.width, height))


def _check(raster: Raster, first: Raster) -> None:
    if raster.bands != 1 or raster.dtype != "uint16":
        raise WrongSampleType(raster.path, f"{raster.bands} x {raster.dtype}", "dn", "one band of uint16")
    check_same_grid(raster, first)


def _facts(root: Node) -> Mapping[str, Any]:
    path = root.path
    start = root.text("imageinfo/imagingTime/start")
    incidence = [root.optional_number(f"processinfo/incidenceAngle{end}Range") for end in ("Near", "Far")]
    frequency = root.optional_number("sensor/RadarCenterFrequency")
    found = {
        "datetime": utc(path, start),
        "start_datetime": utc(path, start),
        "end_datetime": utc(path, root.text("imageinfo/imagingTime/end")),
        "platform": _platform(root),
        "constellation": "gaofen-3",
        "sar:instrument_mode": root.text("sensor/imagingMode"),
        "sar:frequency_band": "C",
        "sar:center_frequency": frequency,
        "sar:product_type": root.optional("productinfo/productType"),
        "sar:observation_direction": _SIDES.get(root.optional("sensor/lookDirection") or ""),
        "sar:looks_range": _positive(root.optional_number("processinfo/MultilookRange")),
        "sar:looks_azimuth": _positive(root.optional_number("processinfo/MultilookAzimuth")),
        "sat:orbit_state": _STATES.get(root.optional("Direction") or ""),
        "view:incidence_angle": None if None in incidence else sum(incidence) / 2,  # type: ignore[arg-type]
        "processing:level": "L2",
    }
    return {field: value for field, value in found.items() if value is not None}


def _platform(root: Node) -> str:
    satellite = root.text("satellite")
    name = re.fullmatch(r"GF-?3-?([A-D]|0[1-4])?", satellite)
    if name is None:
        raise BrokenMetadata(root.path, f"satellite {satellite[:20]!r} is no Gaofen-3")
    return f"gaofen-3{(name[1] or '').lower()}"


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


PRODUCT = ConvertedProduct(
    name="gaofen-3",
    title="Gaofen-3 L2: GF3_KAS_FSII_002345_E113.0_N22.5_20170119_L2_HHHV_L20002140165.meta.xml with its images",
    matches=_matches,
    scenes=_scenes,
    files=_files,
)
