"""Any other GeoTIFF: band descriptions may name the polarisations; the rest is for the person to say.

Descriptions are read as `VV`, and as SNAP writes them, `Gamma0_VV_db`: there quantity and decibels are stated too. Run
on the real Los Angeles mosaic (8-bit display stretch, `VH`), which is refused as decibels.
"""

import re
from collections.abc import Sequence

from components.catalog.products.product import Facts, Product

_BAND = re.compile(r"(?:(?P<quantity>gamma0|sigma0)_)?(?P<polarization>VV|VH|HH|HV)(?P<decibel>_db)?", re.IGNORECASE)


def of_descriptions(descriptions: Sequence[str | None]) -> Facts:
    """What the descriptions of the bands state; nothing where one of them is of another form."""
    names = [_BAND.fullmatch(str(text).strip()) for text in descriptions]
    known = [name for name in names if name is not None]
    if not known or len(known) < len(names):
        return {}
    quantities = {(name["quantity"] or "").lower() for name in known}
    return {
        "sar:polarizations": [name["polarization"].upper() for name in known],
        **({"fusar:quantity": quantities.pop()} if len(quantities) == 1 and "" not in quantities else {}),
        **({"fusar:scale": "decibel"} if all(name["decibel"] for name in known) else {}),
    }


PRODUCT = Product(
    name="geotiff",
    title="any other GeoTIFF: polarisations where the bands are described so, the rest by --set or --template",
    matches=lambda raster: True,
    facts=lambda raster: of_descriptions(raster.dataset.descriptions),
)
