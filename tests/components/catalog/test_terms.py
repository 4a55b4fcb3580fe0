"""On what terms scenes are: as their provider publishes them, as the person says, or unknown."""

from tests.components.catalog.conftest import House, ramp

PYROSAR = "S1A__IW___A_20150309T173017_VV_gamma0-rtc_db"
NOTICE = "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice"


def _link(item: dict) -> list[str]:
    return [link["href"] for link in item["links"] if link["rel"] == "license"]


def test_sentinel_data_carry_their_terms_a_link_and_the_notice_that_copernicus_asks_for(house: House) -> None:
    house.raster(f"{PYROSAR}.tif", ramp())
    assert house.add(house.own).code == 0
    item = house.item(PYROSAR)
    said = item["properties"]
    assert (said["license"], _link(item)) == ("other", [NOTICE]) and "fusar:license_url" not in said
    assert said["attribution"] == "Contains modified Copernicus Sentinel data 2015"
    assert [provider["roles"] for provider in said["providers"]] == [["licensor"], ["producer"]]


def test_a_person_who_knows_better_is_believed_and_a_text_that_is_not_theirs_is_not_linked(house: House) -> None:
    house.raster(f"{PYROSAR}.tif", ramp())
    assert house.add(house.own, "--set", "license=CC-BY-4.0").code == 0
    item = house.item(PYROSAR)
    assert (item["properties"]["license"], _link(item)) == ("CC-BY-4.0", [])
    assert "Copernicus" in item["properties"]["attribution"]


def test_terramesh_has_a_licence_of_its_own_and_a_plain_geotiff_none(house: House) -> None:
    house.raster("S1RTC/282D_485L_3_3.tif", ramp(2), {"datetime": "2021-07-21T08:40:10"})
    assert house.add(house.own, "--set", "platform=sentinel-1b").code == 0
    item = house.item("282D_485L_3_3")
    assert (item["properties"]["license"], len(_link(item))) == ("CC-BY-SA-4.0", 1)
    assert (
        item["properties"]["attribution"] == "TerraMesh, IBM and ESA; Contains modified Copernicus Sentinel data 2021"
    )
    path = house.raster("plain.tif", ramp())
    facts = {"datetime": "2022-01-02", "platform": "x", "sar:polarizations": "VV", "fusar:quantity": "gamma0",
             "fusar:scale": "decibel", "fusar:simulated": "false"}  # fmt: skip
    said = [part for name, value in facts.items() for part in ("--set", f"{name}={value}")]
    assert house.add(path, *said).code == 0
    plain = house.item("plain")
    assert not {"license", "providers", "attribution"} & plain["properties"].keys() and not _link(plain)
    (house.data / "items/plain.json").unlink()
    refused = house.add(path, *said, "--set", "fusar:license_url=javascript:x")
    assert refused.code == 1 and "fusar:license_url" in refused.err
    assert (
        house.add(path, *said, "--set", "license=other", "--set", "fusar:license_url=https://x.example/eula").code == 0
    )
    assert _link(house.item("plain")) == ["https://x.example/eula"]
