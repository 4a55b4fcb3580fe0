"""Sentinel-1 RTC chips of TerraMesh: two bands without names, a time tag, and the folder S1RTC.

The order of the bands (VV, VH) and gamma nought in decibels are what TerraMesh's documentation says of S1RTC; which of
the satellites took a chip is nowhere said, so it is asked for. Source: https://huggingface.co/datasets/ibm-esa-geospatial/TerraMesh

Run on three real chips (Brazil, Chile, Denmark): facts, corners within 0.1 pixel, chips. The optical, height and land
cover chips of the same names are not taken for radar.
"""

import re

from components.catalog.products.product import Facts, Product, utc
from components.catalog.satellites import SENTINEL_1
from components.catalog.terms import TERRAMESH
from components.rasters.opening import Raster

_CELL = re.compile(r"\d+[UD]_\d+[LR]_\d+_\d+")  # of the Major TOM grid
_FOLDER = "S1RTC"


def _matches(raster: Raster) -> bool:
    is_named_so = _CELL.fullmatch(raster.path.stem) is not None and raster.path.absolute().parent.name == _FOLDER
    return is_named_so and raster.bands == 2 and "datetime" in raster.dataset.tags()


def _facts(raster: Raster) -> Facts:
    time = raster.dataset.tags().get("datetime")
    return {
        **({} if time is None else {"datetime": utc(raster.path, time)}),
        **SENTINEL_1,
        **TERRAMESH,
        "sar:instrument_mode": "IW",
        "sar:product_type": "RTC",
        "sar:polarizations": ["VV", "VH"],
        "fusar:quantity": "gamma0",
        "fusar:scale": "decibel",
        "fusar:simulated": False,
    }


PRODUCT = Product(
    name="terramesh-s1rtc",
    title="Sentinel-1 gamma nought chips [dB] of TerraMesh: S1RTC/282D_485L_3_3.tif with a tag datetime",
    matches=_matches,
    facts=_facts,
)
