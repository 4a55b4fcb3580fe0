import json

import numpy as np
import pytest
from affine import Affine

from tests.components.catalog.conftest import House, ramp

ROTATED = Affine(-0.143, -0.57678, 337934.48, -0.57678, 0.143, 7840518.46)
METADATA = {
    "version": "1.1.0",
    "vendor": "Umbra Space",
    "imagingMode": "SPOTLIGHT",
    "umbraSatelliteName": "UMBRA_04",
    "collects": [
        {
            "startAtUTC": "2023-02-12T21:33:56+00:00",
            "endAtUTC": "2023-02-12T21:33:59.5+00:00",
            "radarBand": "X",
            "radarCenterFrequencyHz": 9600000000.0,
            "polarizations": ["HH"],
            "angleIncidenceDegrees": 47.4,
            "satelliteTrack": "ASCENDING",
            "observationDirection": "LEFT",
            "maxGroundResolution": {"azimuthMeters": 0.55, "rangeMeters": 0.54},
        }
    ],
}


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db", ("gamma0", "decibel", "sentinel-1a", "VV", "ascending")),
        ("S1B__IW___D_20210816T055035_VH_gamma0-rtc_db", ("gamma0", "decibel", "sentinel-1b", "VH", "descending")),
        ("S1A__EW___D_20210816T055035_HH_sigma0-elp", ("sigma0", "linear", "sentinel-1a", "HH", "descending")),
        ("S1C__IW___A_20250816T055035_044_VV_gamma0-rtc", ("gamma0", "linear", "sentinel-1c", "VV", "ascending")),
    ],
)
def test_pyrosar_names_say_quantity_scale_platform_polarisation_and_orbit(
    house: House, name: str, stated: tuple[str, ...]
) -> None:
    decibels = ramp()
    house.raster(f"{name}.tif", 10 ** (decibels / 10) if stated[1] == "linear" else decibels)
    assert house.add(house.own).code == 0
    found = house.item(name)["properties"]
    fields = ("fusar:quantity", "fusar:scale", "platform")
    assert (*(found[field] for field in fields), found["sar:polarizations"][0], found["sat:orbit_state"]) == stated
    assert found["fusar:simulated"] is False
    assert found["datetime"].startswith("20") and found["datetime"].endswith("Z")
    assert "view:incidence_angle" not in found  # no name says it


def test_a_pyrosar_name_whose_steps_leave_the_quantity_open_is_asked_about(house: House) -> None:
    house.raster("S1A__IW___A_20150309T173017_VV_Orb_Cal_TC_db.tif", ramp())
    said = house.add(house.own)
    assert said.code == 1
    assert "does not say fusar:quantity. Say it for example `--set fusar:quantity=gamma0`" in said.err
    assert house.add(house.own, "--set", "fusar:quantity=sigma0").code == 0


def test_terramesh_says_time_bands_and_scale_and_is_asked_which_satellite(house: House) -> None:
    tags = {"datetime": "2021-07-21T08:40:10.000000000", "long_name": "bands"}
    house.raster("S1RTC/282D_485L_3_3.tif", ramp(2).astype(np.float64), tags)
    assert "which does not say platform" in house.add(house.own).err
    assert house.add(house.own, "--set", "platform=sentinel-1b").code == 0
    found = house.item("282D_485L_3_3")["properties"]
    assert found["datetime"] == "2021-07-21T08:40:10Z"
    assert (found["sar:polarizations"], found["fusar:quantity"], found["fusar:scale"]) == (
        ["VV", "VH"], "gamma0", "decibel",
    )  # fmt: skip


def test_the_same_chip_outside_the_folder_s1rtc_is_not_taken_for_gamma_nought(house: House) -> None:
    house.raster("S1GRD/282D_485L_3_3.tif", ramp(2), {"datetime": "2021-07-21T08:40:10.000000000"})
    assert "read as geotiff" in house.add(house.own, "--set", "platform=sentinel-1b").err


def test_an_umbra_metadata_file_beside_the_scene_says_what_the_raster_does_not(house: House) -> None:
    pixels = np.arange(128 * 128, dtype=np.uint8).reshape(1, 128, 128)
    name = "2023-02-12-21-33-56_UMBRA-04"
    house.raster(f"{name}_GEC.tif", pixels, crs="EPSG:32759", transform=ROTATED)
    (house.own / f"{name}_METADATA.json").write_text(json.dumps(METADATA))
    assert house.add(house.own).code == 0
    item = house.item(f"{name}_GEC")
    found = item["properties"]
    assert (found["platform"], found["sar:polarizations"], found["fusar:quantity"]) == ("umbra-04", ["HH"], "amplitude")
    assert (found["view:incidence_angle"], found["sat:orbit_state"], found["sar:observation_direction"]) == (
        47.4, "ascending", "left",
    )  # fmt: skip
    assert found["gsd"] == pytest.approx(0.594, abs=1e-3)
    box = np.array(item["bbox"])
    ring = np.array(item["geometry"]["coordinates"][0])
    assert len({tuple(point) for point in ring}) == 4
    assert (ring.min(axis=0) == box[:2]).all() and (ring.max(axis=0) == box[2:]).all()
    sides = np.diff(ring, axis=0)
    assert (np.abs(sides) > 1e-5).all()  # a tilted square: no side runs along a parallel or a meridian


def test_an_umbra_name_without_metadata_says_time_and_platform_and_asks_for_the_polarisation(house: House) -> None:
    name = "2023-02-12-21-33-56_UMBRA-04_GEC"
    house.raster(f"{name}.tif", np.full((1, 64, 64), 7, np.uint8))
    assert "does not say sar:polarizations" in house.add(house.own).err
    assert house.add(house.own, "--set", "sar:polarizations=VV").code == 0
    assert house.item(name)["properties"]["datetime"] == "2023-02-12T21:33:56Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vendor": "Else"}, "vendor"),
        ({"collects": [{**METADATA["collects"][0], "polarizations": ["RH"]}]}, "collects.0.polarizations.0"),  # type: ignore[index, dict-item]
        ({"collects": METADATA["collects"] * 2}, "collects"),  # type: ignore[operator]
        ({"collects": [{**METADATA["collects"][0], "startAtUTC": "noon"}]}, "datetime"),  # type: ignore[index, dict-item]
    ],
)
def test_a_wrong_field_of_umbra_metadata_is_named(house: House, change: dict[str, object], said: str) -> None:
    name = "2023-02-12-21-33-56_UMBRA-04"
    house.raster(f"{name}_GEC.tif", np.full((1, 64, 64), 7, np.uint8))
    (house.own / f"{name}_METADATA.json").write_text(json.dumps(METADATA | change))
    answer = house.add(house.own)
    assert answer.code == 1
    assert f"wrong-field: {said}" in answer.err.replace(f"{name}_METADATA.json: ", "").replace(f"{house.own}/", "")


def test_a_plain_geotiff_is_described_by_a_stac_item_as_template(house: House) -> None:
    house.raster("plain.tif", ramp(2), nodata=float("nan"))
    template = house.own / "template.json"
    properties = {
        "datetime": "2022-01-02T03:04:05+02:00",
        "platform": "gaofen-3",
        "sar:polarizations": ["HH", "HV"],
        "sar:instrument_mode": "FSII",
        "sar:frequency_band": "C",
        "sar:product_type": "GEC",
        "fusar:quantity": "sigma0",
        "fusar:scale": "decibel",
        "fusar:simulated": False,
        "view:incidence_angle": 33.5,
        "license": "CC-BY-4.0",
    }
    template.write_text(json.dumps({"type": "Feature", "id": "gf3", "properties": properties, "geometry": None}))
    assert house.add(house.own / "plain.tif", "--template", template).code == 0
    item = house.item("gf3")
    assert item["properties"]["datetime"] == "2022-01-02T01:04:05Z"
    assert item["properties"]["license"] == "CC-BY-4.0"
    assert item["assets"]["backscatter"]["raster:bands"][0] == {"data_type": "float32", "nodata": "nan", "unit": "dB"}
    assert {url.split("/")[3] for url in item["stac_extensions"]} == {"raster", "sar", "view", "projection"}


def test_bands_described_as_polarisations_are_taken_in_their_order(house: House) -> None:
    import rasterio

    path = house.raster("described.tif", ramp(2)[::-1])
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("VH", "vv")
    options = (
        "datetime=2022-01-02",
        "platform=x",
        "fusar:quantity=sigma0",
        "fusar:scale=decibel",
        "fusar:simulated=true",
    )
    assert house.add(path, *(word for option in options for word in ("--set", option))).code == 0
    assert house.item("described")["properties"]["sar:polarizations"] == ["VH", "VV"]
    assert house.item("described")["properties"]["fusar:simulated"] is True


def test_who_contradicts_the_product_is_told_what_both_say(house: House) -> None:
    house.raster("S1A__IW___A_20150309T173017_VV_gamma0-rtc_db.tif", ramp())
    said = house.add(house.own, "--set", "fusar:scale=linear")
    assert said.code == 1
    assert (
        "contradiction: fusar:scale is 'decibel' by the rules of sentinel-1-pyrosar, but 'linear' was given" in said.err
    )
    assert house.add(house.own, "--set", "platform=SENTINEL-1A").code == 0  # the same, written otherwise


def test_an_unknown_product_is_answered_with_the_known_ones(house: House) -> None:
    house.raster("x.tif", ramp())
    said = house.add(house.own, "--product", "iceye")
    assert (said.code, "umbra-gec" in said.err) == (1, True)
