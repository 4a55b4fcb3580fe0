"""OPERA RTC-S1 bursts as ASF distributes them: a GeoTIFF of gamma nought (linear power) for each polarisation.

Add the folder or one file; the other polarisation comes with it, the mask beside them is left out.

Not run on a real product: written after the file naming of the product specification
(https://www.jpl.nasa.gov/go/opera/products/rtc-product/).
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from components.catalog.errors import WrongField
from components.catalog.products.band_files import POLARIZATIONS, join
from components.catalog.products.product import ConvertedProduct, Facts, Write, utc
from components.catalog.satellites import SENTINEL_1
from components.rasters.errors import MissingAsset

_FILE = re.compile(
    r"(?P<base>OPERA_L2_RTC-S1_T\d{3}-\d{6}-(?P<mode>IW|EW)\d_(?P<start>\d{8}T\d{6})Z_\d{8}T\d{6}Z_"
    r"S1(?P<unit>[A-D])_\d+_v[\d.]+)_(?:VV|VH|HH|HV|mask)\.tif"
)


def _bands(path: Path) -> dict[str, Path]:
    """Polarisation to its file, co-polarised first."""
    name = _FILE.fullmatch(path.name)
    files = {} if name is None else {one: path.with_name(f"{name['base']}_{one}.tif") for one in POLARIZATIONS}
    return {one: file for one, file in files.items() if file.is_file()}


def _files(path: Path) -> Sequence[Path]:
    return tuple(_bands(path).values()) or (path,)


def _scenes(path: Path) -> Mapping[str, Write]:
    name = _FILE.fullmatch(path.name)
    return {path.stem if name is None else name["base"]: partial(_convert, path)}


def _convert(path: Path, target: Path) -> Facts:
    name, files = _FILE.fullmatch(path.name), _bands(path)
    if name is None:
        raise WrongField(path, "its name", path.name, "such as OPERA_L2_RTC-S1_T034-071092-IW3_..._v1.0_VV.tif")
    if not files:
        raise MissingAsset(path.with_name(f"{name['base']}_VV.tif"))
    join(files, target)
    return {
        "datetime": utc(path, name["start"]),
        "platform": f"sentinel-1{name['unit'].lower()}",
        **SENTINEL_1,
        "sar:instrument_mode": name["mode"],
        "sar:product_type": "RTC",
        "sar:polarizations": list(files),
        "processing:level": "L2",
        "fusar:quantity": "gamma0",
        "fusar:scale": "linear",
        "fusar:simulated": False,
    }


PRODUCT = ConvertedProduct(
    name="sentinel-1-opera",
    title="OPERA RTC-S1 burst: OPERA_L2_RTC-S1_T034-..._VV.tif, a file for each polarisation",
    matches=lambda path: _FILE.fullmatch(path.name) is not None and path.is_file(),
    scenes=_scenes,
    files=_files,
)
