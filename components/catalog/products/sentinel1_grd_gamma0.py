"""Sentinel-1 GRD as gamma nought of the ellipsoid: `sentinel-1-grd` with the table gamma. Not run on a real product."""

from functools import partial
from pathlib import Path

from components.catalog.products.product import ConvertedProduct
from components.catalog.products.sentinel1_grd import scenes
from components.catalog.sentinel1.folder import is_product


def _matches(path: Path) -> bool:
    return is_product(path)  # tried behind sigma nought: taken only where it is asked for


PRODUCT = ConvertedProduct(
    name="sentinel-1-grd-gamma0",
    title="Sentinel-1 GRD as gamma nought of the ellipsoid, only where --product names it",
    matches=_matches,
    scenes=partial(scenes, "gamma0"),
)
