"""Sentinel-1 RTC as ASF HyP3 delivers it: a folder with a GeoTIFF for each polarisation, all facts in its name.

The name says gamma or sigma nought (`g`, `s`) and power, decibel or amplitude (`p`, `d`, `a`). Amplitude is squared:
what is kept is linear power. Add the folder or one of its files; the other polarisation comes with it, and the maps
beside them (`_dem`, `_ls_map`, `_inc_map`, `_area`, `_rgb`) are left out. The incidence angle differs from pixel to
pixel and stands in none of the facts: it is unknown unless it is said.

Not run on a real product: written after HyP3's guide (https://hyp3-docs.asf.alaska.edu/guides/rtc_product_guide/). Its
two sister families were run on real files of the same kind (gamma nought, dB): pyroSAR's and TerraMesh's.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from components.catalog.errors import WrongField
from components.catalog.products.band_files import POLARIZATIONS, join, squared
from components.catalog.products.product import ConvertedProduct, Facts, Write, utc
from components.catalog.satellites import SENTINEL_1
from components.rasters.errors import MissingAsset

_PRODUCT = (
    r"(?P<base>S1(?P<unit>[A-D])_(?P<mode>IW|EW|S[1-6])_(?P<start>\d{8}T\d{6})_[DS][HV][PRO]_RTC\d\d_G_"
    r"(?P<quantity>[gs])(?P<scale>[pda])[uw][nf][ec][dm]_[0-9A-F]{4})"
)
_FOLDER = re.compile(_PRODUCT)
_FILE = re.compile(_PRODUCT + r"_(?:VV|VH|HH|HV|dem|ls_map|inc_map|inc_map_ell|area|rgb)\.tif")


def _name(path: Path) -> re.Match[str] | None:
    return _FOLDER.fullmatch(path.name) if path.is_dir() else _FILE.fullmatch(path.name)


def _files(path: Path) -> Sequence[Path]:
    return tuple(_bands(path).values()) or (path,)


def _bands(path: Path) -> dict[str, Path]:
    """Polarisation to its file, co-polarised first."""
    name = _name(path)
    if name is None:
        return {}
    folder = path if path.is_dir() else path.parent
    files = {one: folder / f"{name['base']}_{one}.tif" for one in POLARIZATIONS}
    return {one: file for one, file in files.items() if file.is_file()}


def _scenes(path: Path) -> Mapping[str, Write]:
    name = _name(path)
    return {path.stem if name is None else name["base"]: partial(_convert, path)}


def _convert(path: Path, target: Path) -> Facts:
    name, files = _name(path), _bands(path)
    if name is None:
        raise WrongField(path, "its name", path.name, "such as S1A_IW_20180128T161201_DVP_RTC30_G_gpuned_FD6A_VV.tif")
    if not files:
        raise MissingAsset(path.with_name(f"{name['base']}_VV.tif"))
    join(files, target, squared if name["scale"] == "a" else None)
    return {
        "datetime": utc(path, name["start"]),
        "platform": f"sentinel-1{name['unit'].lower()}",
        **SENTINEL_1,
        "sar:instrument_mode": name["mode"],
        "sar:product_type": "RTC",
        "sar:polarizations": list(files),
        "fusar:quantity": {"g": "gamma0", "s": "sigma0"}[name["quantity"]],
        "fusar:scale": "decibel" if name["scale"] == "d" else "linear",
        "fusar:simulated": False,
        **({"processing:lineage": "amplitude squared to linear power"} if name["scale"] == "a" else {}),
    }


PRODUCT = ConvertedProduct(
    name="sentinel-1-hyp3",
    title="Sentinel-1 RTC of ASF HyP3: S1A_IW_20180128T161201_DVP_RTC30_G_gpuned_FD6A, a file a polarisation",
    matches=lambda path: _name(path) is not None,
    scenes=_scenes,
    files=_files,
)
