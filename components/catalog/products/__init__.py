"""The product families that are read, in the order in which they are tried.

Those told by their path come first (`CONVERTED`); of the GeoTIFFs (`PRODUCTS`) the last one takes every one.
"""

from components.catalog.products import (
    capella,
    control_points,
    gaofen3,
    geotiff,
    hyp3,
    iceye,
    opera,
    picture,
    planetary_computer,
    pyrosar,
    sentinel1_grd,
    sentinel1_grd_gamma0,
    terramesh,
    umbra,
    worldcereal,
)
from components.catalog.products.product import ConvertedProduct, Product

CONVERTED: tuple[ConvertedProduct, ...] = (
    sentinel1_grd.PRODUCT,
    sentinel1_grd_gamma0.PRODUCT,
    gaofen3.PRODUCT,
    iceye.PRODUCT,
    hyp3.PRODUCT,
    opera.PRODUCT,
    planetary_computer.PRODUCT,
    worldcereal.PRODUCT,
    control_points.PRODUCT,
    picture.HRSID,
    picture.PICTURE,
)
PRODUCTS: tuple[Product, ...] = (
    pyrosar.PRODUCT,
    terramesh.PRODUCT,
    umbra.PRODUCT,
    capella.PRODUCT,
    geotiff.PRODUCT,
)
NAMES = (*(family.name for family in CONVERTED), *(family.name for family in PRODUCTS))
ANY_GEOTIFF = geotiff.PRODUCT.name


def converted(asked: str | None) -> tuple[ConvertedProduct, ...]:
    """Families that a path is held against, given what `--product` says."""
    return tuple(family for family in CONVERTED if asked in (None, family.name))
