"""Sentinel-1 RTC as the Planetary Computer keeps it: `iw-vv.rtc.tiff`, `iw-vh.rtc.tiff` of gamma nought, linear power.

The files' own names say mode and polarisation; satellite, time and orbit stand in the name of the folder that they
were downloaded with, `S1A_IW_GRDH_1SDV_..._2F79/measurement/`. Without that folder they are asked for.

Not run on a real product: written after the collection's page
(https://planetarycomputer.microsoft.com/dataset/sentinel-1-rtc) and the addresses of its assets.
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

_FILE = re.compile(r"(?P<mode>iw|ew|s[1-6])-(?:vv|vh|hh|hv)\.rtc\.tiff?")
_FOLDER = re.compile(
    r"(?P<base>S1(?P<unit>[A-D])_(?:IW|EW|S[1-6])_GRD[FHM]_1S[DS][HV]_(?P<start>\d{8}T\d{6})_(?P<end>\d{8}T\d{6})_"
    r"(?P<orbit>\d{6})_[0-9A-F]{6})(?:_[0-9A-Fa-f]{4}|_rtc)?"
)


def _bands(path: Path) -> dict[str, Path]:
    """Polarisation to its file, co-polarised first."""
    files: dict[str, Path] = {}
    if _FILE.fullmatch(path.name) is None:
        return files
    for one in POLARIZATIONS:
        file = path.with_name(re.sub(r"-(vv|vh|hh|hv)\.", f"-{one.lower()}.", path.name))
        if file.is_file():
            files[one] = file
    return files


def _files(path: Path) -> Sequence[Path]:
    return tuple(_bands(path).values()) or (path,)


def _folder(path: Path) -> re.Match[str] | None:
    names = (_FOLDER.fullmatch(folder.name) for folder in list(path.absolute().parents)[:2])
    return next((name for name in names if name is not None), None)


def _scenes(path: Path) -> Mapping[str, Write]:
    folder = _folder(path)
    name = path.absolute().parent.name if folder is None else f"{folder['base']}_rtc"
    return {name: partial(_convert, path)}


def _convert(path: Path, target: Path) -> Facts:
    name, folder, files = _FILE.fullmatch(path.name), _folder(path), _bands(path)
    if name is None:
        raise WrongField(path, "its name", path.name, "such as iw-vv.rtc.tiff")
    if not files:
        raise MissingAsset(path)
    join(files, target)
    return {
        **({} if folder is None else _of_folder(path, folder)),
        **SENTINEL_1,
        "sar:instrument_mode": name["mode"].upper(),
        "sar:product_type": "RTC",
        "sar:polarizations": list(files),
        "fusar:quantity": "gamma0",
        "fusar:scale": "linear",
        "fusar:simulated": False,
    }


def _of_folder(path: Path, folder: re.Match[str]) -> Facts:
    start, end = utc(path, folder["start"]), utc(path, folder["end"])
    return {
        "datetime": start,
        "start_datetime": start,
        "end_datetime": end,
        "platform": f"sentinel-1{folder['unit'].lower()}",
        "sat:absolute_orbit": int(folder["orbit"]),
    }


PRODUCT = ConvertedProduct(
    name="sentinel-1-planetary-computer",
    title="Sentinel-1 RTC of the Planetary Computer: S1A_IW_GRDH_..._2F79/measurement/iw-vv.rtc.tiff, -vh",
    matches=lambda path: _FILE.fullmatch(path.name) is not None and path.is_file(),
    scenes=_scenes,
    files=_files,
)
