"""The CRS in metres around a place."""

import pytest

from components.geography.projection import local_projection


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        ([3.0], [51.0], "EPSG:32631"),
        ([2.9, 3.2], [-1.0, -2.0], "EPSG:32731"),
        ([179.8, -179.6], [60.0, 60.0], "EPSG:32601"),  # the middle lies at 179.9 W
        ([179.6, -179.8], [60.0, 60.0], "EPSG:32660"),
        ([540.0], [10.0], "EPSG:32660"),
        ([-180.0], [10.0], "EPSG:32601"),
        ([10.0], [84.1], "EPSG:3413"),
        ([10.0], [-80.5], "EPSG:3031"),
    ],
)
def test_the_zone_of_the_middle(longitude, latitude, crs):
    assert local_projection(longitude, latitude) == crs


@pytest.mark.parametrize(("longitude", "latitude"), [([float("nan")], [1.0]), ([1.0], [91.0]), ([float("inf")], [1.0])])
def test_no_place_is_an_error(longitude, latitude):
    with pytest.raises(ValueError, match="longitude and latitude"):
        local_projection(longitude, latitude)
