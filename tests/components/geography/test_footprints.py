import math

import numpy as np
import pytest
import rasterio.transform
import rasterio.warp
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from components.geography.footprints import ground_spacing_m, locate
from components.geography.projection import crs_to_pixel, lonlat_to_pixel, pixel_to_crs, pixel_to_lonlat

UMBRA = Affine(-0.143, -0.57678, 337934.48, -0.57678, 0.143, 7840518.46)


@st.composite
def affines(draw: st.DrawFn) -> Affine:
    """Any rotation, step, mirror and shear short of singular, inside a UTM zone."""
    angle, shear = draw(st.floats(0, 360)), draw(st.floats(-40, 40))
    step_x, step_y = draw(st.floats(0.3, 30)), draw(st.floats(0.3, 30))
    mirror = draw(st.sampled_from([1, -1]))
    origin = draw(st.floats(250_000, 750_000)), draw(st.floats(1_000_000, 8_000_000))
    return (
        Affine.translation(*origin)
        @ Affine.rotation(angle)
        @ Affine.shear(shear, 0)
        @ Affine.scale(step_x, mirror * step_y)
    )


@given(affines(), st.integers(0, 2000), st.integers(0, 2000), st.integers(8, 600), st.integers(8, 600))
def test_footprints_join_the_corners_that_rasterio_finds(
    affine: Affine, row: int, col: int, height: int, width: int
) -> None:
    located = locate("EPSG:32631", affine, [row], [col], (height, width))
    polygon = shapely.from_wkb(located.footprints[0])
    corners = [(row, col), (row, col + width), (row + height, col + width), (row + height, col)]
    xs, ys = rasterio.transform.xy(affine, [r for r, _ in corners], [c for _, c in corners], offset="ul")
    lons, lats = rasterio.warp.transform("EPSG:32631", "EPSG:4326", xs, ys)
    expected = shapely.Polygon(zip(lons, lats, strict=True))
    ring = np.array(polygon.exterior.coords)[:-1]
    distance = np.abs(ring[:, None] - np.array(expected.exterior.coords)[None, :-1]).max(axis=2)
    assert polygon.is_valid and polygon.exterior.is_ccw and len(ring) == 4
    assert (distance.min(axis=1) < 1e-9).all()
    # Straight edges in degrees are not straight on the ground: a strip of 2 m by 17 km bends by more than its width.
    assert polygon.distance(shapely.Point(located.longitude[0], located.latitude[0])) < 1e-4


@given(affines(), st.floats(-100, 3000), st.floats(-100, 3000))
def test_pixels_come_back_from_the_ground(affine: Affine, col: float, row: float) -> None:
    assert np.allclose(crs_to_pixel(affine, *pixel_to_crs(affine, col, row)), (col, row), atol=1e-4)
    there = pixel_to_lonlat("EPSG:32631", affine, col, row)
    assert np.allclose(lonlat_to_pixel("EPSG:32631", affine, *there), (col, row), atol=1e-3)


@given(affines())
def test_ground_spacing_is_the_map_s_step_where_the_map_is_nearly_true(affine: Affine) -> None:
    step = math.hypot(affine.a, affine.d) * math.hypot(affine.b, affine.e)
    # UTM's scale lies between 0.9996 and 1.001 here.
    assert ground_spacing_m("EPSG:32631", affine, 5, 5) == pytest.approx(math.sqrt(step), rel=1.5e-3)


def test_ground_spacing_in_world_mercator_is_that_of_the_ground_and_not_of_the_map() -> None:
    # data/README: the Los Angeles mosaic's 10.0003 m pixels are 8.30 m on the ground at 34 N.
    affine = Affine(10.0003, 0, -13183000.0, 0, -10.0002, 4004000.0)
    lat = pixel_to_lonlat("EPSG:3395", affine, 0, 0)[1]
    assert 33 < lat < 35
    assert ground_spacing_m("EPSG:3395", affine, 0, 0) == pytest.approx(8.30, abs=0.03)


def test_the_rotated_umbra_frame_has_the_corners_and_the_spacing_that_its_maker_gives() -> None:
    located = locate("EPSG:32759", UMBRA, [0], [0], (2000, 2000))
    corners = {(169.4554, -19.5235), (169.4526, -19.5339), (169.4416, -19.5312), (169.4445, -19.5208)}
    ring = np.array(shapely.from_wkb(located.footprints[0]).exterior.coords)[:-1]
    for corner in corners:
        assert np.abs(ring - corner).max(axis=1).min() < 1e-4
    assert located.spacing_m[0] == pytest.approx(0.594, abs=0.001)


def test_a_footprint_over_the_antimeridian_stays_small_and_its_centre_stays_below_180() -> None:
    located = locate("EPSG:32760", Affine(100, 0, 800000, 0, -100, 8100000), [0], [0], (300, 700))
    polygon = shapely.from_wkb(located.footprints[0])
    west, _, east, _ = polygon.bounds
    assert west < 180 < east and east - west < 1
    assert -180 <= located.longitude[0] < 180


def test_corners_beyond_the_projection_are_an_error_and_not_infinite_footprints() -> None:
    with pytest.raises(ValueError, match="EPSG:32631"):
        locate("EPSG:32631", Affine(1e9, 0, 0, 0, 1e9, 0), [0], [0], (64, 64))
