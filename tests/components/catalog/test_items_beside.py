"""STAC items beside a scene, which say what its other files do not."""

import json

import numpy as np
import pytest

from tests.components.catalog.conftest import House
from tests.components.catalog.test_products import METADATA, ROTATED

NAME = "2023-02-12-21-33-56_UMBRA-04"
STAC = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "x",
    "links": [{"href": "http://169.254.169.254/", "rel": "self"}],
    "assets": {"a": {"href": "../../secret"}},
    "properties": {
        "datetime": "2023-02-12T21:33:58Z",
        "platform": "Umbra-04",
        "sar:polarizations": ["HH"],
        "sar:looks_azimuth": 2,
        "view:incidence_angle": 47.4,
        "sat:orbit_state": "ascending",
        "license": "CC-BY-4.0",
    },
}


@pytest.mark.parametrize("ending", [".stac.v2.json", "_GEC.json"])
def test_a_stac_item_beside_an_umbra_image_says_what_no_other_file_does(house: House, ending: str) -> None:
    house.raster(f"{NAME}_GEC.tif", np.full((1, 64, 64), 7, np.uint8), crs="EPSG:32759", transform=ROTATED)
    (house.own / f"{NAME}{ending}").write_text(json.dumps(STAC))
    assert house.add(house.own).code == 0
    item = house.item(f"{NAME}_GEC")
    facts = item["properties"]
    assert (facts["datetime"], facts["platform"], facts["sar:polarizations"]) == (
        "2023-02-12T21:33:58Z", "umbra-04", ["HH"],
    )  # fmt: skip
    assert (facts["sar:looks_azimuth"], facts["view:incidence_angle"], facts["sat:orbit_state"], facts["license"]) == (
        2, 47.4, "ascending", "CC-BY-4.0",
    )  # fmt: skip
    assert "169.254" not in json.dumps(item) and "secret" not in json.dumps(item)


def test_a_stac_item_adds_to_the_metadata_file_and_may_not_contradict_it(house: House) -> None:
    house.raster(f"{NAME}_GEC.tif", np.full((1, 64, 64), 7, np.uint8), crs="EPSG:32759", transform=ROTATED)
    (house.own / f"{NAME}_METADATA.json").write_text(json.dumps(METADATA))
    other = {**STAC, "properties": {**STAC["properties"], "sat:orbit_state": "descending"}}  # type: ignore[dict-item]
    (house.own / f"{NAME}.stac.json").write_text(json.dumps(other))
    assert "wrong-field: " in (said := house.add(house.own)).err and "sat:orbit_state 'descending'" in said.err
    (house.own / f"{NAME}.stac.json").write_text(json.dumps(STAC))
    assert house.add(house.own).code == 0
    facts = house.item(f"{NAME}_GEC")["properties"]
    assert (facts["datetime"], facts["sar:looks_azimuth"]) == ("2023-02-12T21:33:56Z", 2)


@pytest.mark.parametrize(
    "content",
    ["{", "[1]", "{}", '{"stac_version": "1.0.0", "properties": {"view:incidence_angle": 120}}', "[" * 100_000],
)
def test_a_broken_stac_item_is_named(house: House, content: str) -> None:
    house.raster(f"{NAME}_GEC.tif", np.full((1, 64, 64), 7, np.uint8), crs="EPSG:32759", transform=ROTATED)
    (house.own / f"{NAME}.stac.json").write_text(content)
    said = house.add(house.own)
    assert said.code == 1 and f"wrong-field: {house.own}/{NAME}.stac.json: " in said.err
