"""Sentinel-1 backscatter as pyroSAR writes it: everything it says stands in the file's name.

Sources: pyroSAR's page on file naming (https://pyrosar.readthedocs.io/en/latest/general/filenaming.html); its function
gamma.geocode, whose older results end in `geo_norm` (gamma nought after Small, 2011) and `_db` where they are decibels.

Run on pyroSAR's own test file (gamma nought, dB, VV, Camargue): facts, corners within 0.1 pixel, chips.
"""

import re

from components.catalog.products.product import Facts, Product, utc
from components.catalog.satellites import SENTINEL_1
from components.rasters.opening import Raster

_NAME = re.compile(
    r"(?P<sensor>S1[A-D])__(?P<mode>IW__|EW__|S[1-6]__)_(?P<orbit>[AD])_(?P<start>\d{8}T\d{6})_(?:\w+_)?"
    r"(?P<polarization>VV|VH|HH|HV)_(?P<steps>[A-Za-z0-9_-]+)"
)
_STATES = {"A": "ascending", "D": "descending"}


def _matches(raster: Raster) -> bool:
    return _NAME.fullmatch(raster.path.stem) is not None


def _facts(raster: Raster) -> Facts:
    name = _NAME.fullmatch(raster.path.stem)
    if name is None:  # named by --product
        return {}
    steps = name["steps"].split("_")
    quantity = _quantity(steps)
    return {
        "datetime": utc(raster.path, name["start"]),
        "platform": f"sentinel-1{name['sensor'][2].lower()}",
        **SENTINEL_1,
        "sar:instrument_mode": name["mode"].strip("_"),
        "sar:polarizations": [name["polarization"]],
        "sat:orbit_state": _STATES[name["orbit"]],
        **({} if quantity is None else {"fusar:quantity": quantity}),
        "fusar:scale": "decibel" if steps[-1].lower() == "db" else "linear",
        "fusar:simulated": False,
    }


def _quantity(steps: list[str]) -> str | None:
    """What the processing steps of a name come to; None where they leave it open."""
    for step in steps:
        if step.partition("-")[0] in ("gamma0", "sigma0"):
            return step.partition("-")[0]
    return "gamma0" if {"geo", "norm"} <= set(steps) else None


PRODUCT = Product(
    name="sentinel-1-pyrosar",
    title="Sentinel-1 sigma or gamma nought named by pyroSAR: S1A__IW___A_20150309T173017_VV_gamma0-rtc_db.tif",
    matches=_matches,
    facts=_facts,
)
