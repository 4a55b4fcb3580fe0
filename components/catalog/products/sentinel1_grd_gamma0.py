"""Sentinel-1 GRD as gamma nought of the ellipsoid: `sentinel-1-grd` with the table gamma. Not run on a real product."""

from functools import partial
from pathlib import Path

from components.catalog.products.product import ConvertedProduct
from components.catalog.products.sentinel1_grd import scenes


def _matches(path: Path) -> bool:
    return False  # the same files are sigma nought where nobody asks for gamma nought


PRODUCT = ConvertedProduct(
    name="sentinel-1-grd-gamma0",
    title="Sentinel-1 GRD as gamma nought of the ellipsoid, only where --product names it",
    matches=_matches,
    scenes=partial(scenes, "gamma0"),
)
