"""The product families that are read, in the order in which they are tried; the last one takes every GeoTIFF."""

from components.catalog.products import geotiff, pyrosar, terramesh, umbra
from components.catalog.products.product import Product

PRODUCTS: tuple[Product, ...] = (pyrosar.PRODUCT, terramesh.PRODUCT, umbra.PRODUCT, geotiff.PRODUCT)
