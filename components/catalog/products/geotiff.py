"""Any other GeoTIFF: band descriptions may name the polarisations; the rest is for the person to say."""

from components.catalog.products.product import Facts, Product
from components.rasters.opening import Raster

_POLARIZATIONS = ("VV", "VH", "HH", "HV")


def _facts(raster: Raster) -> Facts:
    names = [str(name).strip().upper() for name in raster.dataset.descriptions]
    return {"sar:polarizations": names} if all(name in _POLARIZATIONS for name in names) else {}


PRODUCT = Product(
    name="geotiff",
    title="any other GeoTIFF: polarisations where the bands are described so, the rest by --set or --template",
    matches=lambda raster: True,
    facts=_facts,
)
