"""Values that betray another scale than the claimed one, and STAC items beside a scene."""

import json

import numpy as np
import pytest

from components.catalog.errors import SwappedPolarizations, UnlikelyValues
from components.catalog.plausibility import check_polarizations, check_values
from components.rasters.calibration import Coding
from components.rasters.opening import open_raster
from tests.components.catalog.conftest import House, ramp
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
POWER = (10 ** (ramp() / 10)).astype(np.float32)
STRETCH = np.random.default_rng(3).integers(9, 255, (1, 128, 128)).astype(np.float32)


@pytest.mark.parametrize(
    ("pixels", "scale", "said"),
    [
        (STRETCH, "decibel", "a display stretch"),
        (STRETCH, "linear", "a display stretch"),
        (POWER, "decibel", "nowhere below 0"),
        (POWER, "linear", None),
        (ramp(), "decibel", None),
        (np.rint(ramp()), "decibel", None),  # decibels may be kept as whole numbers
        (np.full((1, 128, 128), 7, np.float32), "decibel", None),
    ],
)
def test_display_stretches_and_linear_power_are_no_decibels(house: House, pixels, scale, said) -> None:
    with open_raster(house.raster("a.tif", pixels, nodata=-99)) as raster:
        if said is None:
            check_values(raster, scale)
        else:
            with pytest.raises(UnlikelyValues, match=said):
                check_values(raster, scale)


RAMPS = np.stack([ramp()[0], ramp()[0] - 3, ramp()[0] + 0.4])
IN_ORDER, SWAPPED, IN_NOISE = RAMPS[[0, 1]], RAMPS[[1, 0]], RAMPS[[0, 2]]
NUMBERS = np.rint(10 ** ((SWAPPED + 83) / 20)).astype(np.uint16)


@pytest.mark.parametrize(
    ("pixels", "names", "coding", "is_refused"),
    [
        (IN_ORDER, ["VV", "VH"], Coding("decibel"), False),
        (SWAPPED, ["VV", "VH"], Coding("decibel"), True),
        (SWAPPED, ["HH", "HV"], Coding("decibel"), True),
        (SWAPPED, ["VH", "VV"], Coding("decibel"), False),
        (SWAPPED, ["VV", "HH"], Coding("decibel"), False),
        (SWAPPED, ["VV", "HV"], Coding("decibel"), False),  # sent one way each: nothing says which is brighter
        (IN_NOISE, ["VV", "VH"], Coding("decibel"), False),
        (10 ** (SWAPPED / 10), ["VV", "VH"], Coding("linear"), True),
        (NUMBERS, ["VV", "VH"], Coding("dn", (-83.0, -83.0)), True),
        (NUMBERS, ["VV", "VH"], Coding("dn", (-80.0, -84.0)), False),
    ],
)
def test_a_cross_polarised_channel_is_not_the_brighter_one(house: House, pixels, names, coding, is_refused) -> None:
    with open_raster(house.raster("a.tif", pixels, nodata=0)) as raster:
        if is_refused:
            with pytest.raises(SwappedPolarizations, match=f"its {names[1]} is 3.0 dB brighter than its {names[0]}"):
                check_polarizations(raster, names, coding)
        else:
            check_polarizations(raster, names, coding)


def test_amplitudes_of_two_channels_are_not_compared(house: House) -> None:
    pixels = np.stack([np.full((64, 64), 9, np.uint8), np.full((64, 64), 200, np.uint8)])
    with open_raster(house.raster("a.tif", pixels)) as raster:
        check_polarizations(raster, ["VV", "VH"], Coding("amplitude"))


def test_who_names_the_bands_in_the_wrong_order_gets_no_scene(house: House) -> None:
    house.raster("swapped.tif", SWAPPED)
    facts = ("datetime=2022-01-02", "platform=x", "fusar:quantity=gamma0", "fusar:scale=decibel")
    said = [word for fact in (*facts, "fusar:simulated=false") for word in ("--set", fact)]
    answer = house.add(house.own, *said, "--set", "sar:polarizations=VV,VH")
    assert answer.code == 1 and "swapped-polarizations" in answer.err and not (house.data / "items").exists()
    assert house.add(house.own, *said, "--set", "sar:polarizations=VH,VV").code == 0


def test_who_claims_decibels_of_a_display_stretch_gets_no_scene(house: House) -> None:
    house.raster("stretch.tif", np.minimum(STRETCH, 40))
    facts = (
        "datetime=2022-01-02",
        "platform=x",
        "sar:polarizations=VV",
        "fusar:quantity=gamma0",
        "fusar:simulated=false",
    )
    said = [word for fact in facts for word in ("--set", fact)]
    answer = house.add(house.own, *said, "--set", "fusar:scale=decibel")
    assert answer.code == 1 and "unlikely-values" in answer.err and not (house.data / "items").exists()
    assert (
        "fusar:scale 'loud' is not one of linear, decibel"
        in house.add(house.own, *said, "--set", "fusar:scale=loud").err
    )


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
