"""Footprints over random affines and projections: UTM and its borders, the antimeridian, the poles, World Mercator."""

import numpy as np
import rasterio.warp
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from components.geography.footprints import locate
from components.geography.projection import LON_LAT, lonlat_to_pixel, transform

SIDE = 400


@st.composite
def placed(draw: st.DrawFn) -> tuple[str, Affine]:
    """A CRS, and an affine of any rotation, mirror and step around a place that the CRS is made for."""
    kind = draw(st.sampled_from(["utm", "border", "antimeridian", "north", "south", "mercator"]))
    lat = draw(st.floats(-75, 75))
    if kind == "utm":
        zone = draw(st.integers(1, 60))
        lon, crs = zone * 6 - 183 + draw(st.floats(-2.5, 2.5)), _utm(zone, lat)
    elif kind == "border":  # up to half a degree into the neighbouring zone
        zone = draw(st.integers(1, 60))
        lon, crs = zone * 6 - 183 + draw(st.sampled_from([-1, 1])) * draw(st.floats(2.9, 3.5)), _utm(zone, lat)
    elif kind == "antimeridian":
        lon, crs = 180 + draw(st.floats(-0.05, 0.05)), _utm(draw(st.sampled_from([1, 60])), lat)
    elif kind == "mercator":
        # Beyond its own edge at 180 degrees nothing says which way round the world the way back should go.
        lon, crs = draw(st.floats(-179.9, 179.9)), "EPSG:3395"
    else:
        lon, lat = draw(st.floats(-180, 180)), draw(st.floats(60, 89))
        lat, crs = (lat, "EPSG:3413") if kind == "north" else (-lat, "EPSG:3031")
    x, y = transform(LON_LAT, crs, (lon + 180) % 360 - 180, lat)
    step = draw(st.floats(0.3, 30))
    turned = Affine.rotation(draw(st.floats(0, 360))) @ Affine.scale(step, draw(st.sampled_from([1, -1])) * step)
    return crs, Affine.translation(float(x), float(y)) @ turned @ Affine.translation(-SIDE / 2, -SIDE / 2)


def _utm(zone: int, lat: float) -> str:
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


@settings(deadline=None, max_examples=150)
@given(placed())
def test_corners_agree_with_rasterio_to_a_tenth_of_a_pixel_wherever_on_earth(where: tuple[str, Affine]) -> None:
    crs, affine = where
    ring = np.array(shapely.from_wkb(locate(crs, affine, [0], [0], (SIDE, SIDE)).footprints[0]).exterior.coords)[:-1]
    spread = float(np.ptp(ring[:, 0]))
    # Rounded as an item keeps it, then back to pixels by rasterio, which knows nothing of our code.
    lon, lat = np.round(ring, 8).T
    x, y = rasterio.warp.transform("EPSG:4326", crs, (lon + 180) % 360 - 180, lat)
    found = np.array([~affine @ corner for corner in zip(x, y, strict=True)])
    corners = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)])
    assert np.linalg.norm(found[:, None] - corners, axis=2).min(axis=0).max() < 0.1
    assert spread < 180  # none spans the globe
    assert float(np.hypot(*(np.array(lonlat_to_pixel(crs, affine, *ring[0])) - found[0]))) < 0.1
