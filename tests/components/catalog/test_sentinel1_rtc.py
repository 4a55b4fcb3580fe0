"""Sentinel-1 RTC as HyP3, OPERA and the Planetary Computer deliver it: one file a polarisation, facts in names."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from components.catalog.products.hyp3 import PRODUCT as HYP3
from components.rasters.errors import GridMismatch, SceneError, WrongSampleType
from tests.components.catalog.conftest import UTM31, House, ramp

BASE = "S1B_IW_20180128T161201_DVP_RTC30_G_{}uned_FD6A"
GRD = "S1A_IW_GRDH_1SDV_20201005T170824_20201005T170849_034664_04098A_2F79"
OPERA = "OPERA_L2_RTC-S1_T034-071092-IW3_20230611T002900Z_20230928T203216Z_S1A_30_v1.0"
POWER = (10 ** (ramp() / 10)).astype(np.float32)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return np.asarray(raster.read())


@pytest.mark.parametrize(
    ("letters", "pixels", "kept", "stated"),
    [
        ("gp", POWER, POWER, ("gamma0", "linear")),
        ("sp", POWER, POWER, ("sigma0", "linear")),
        ("gd", ramp(), ramp(), ("gamma0", "decibel")),
        ("ga", np.sqrt(POWER), POWER, ("gamma0", "linear")),
    ],
)
def test_a_hyp3_folder_is_one_scene_of_both_polarisations_and_amplitude_is_squared(
    house: House, letters: str, pixels: np.ndarray, kept: np.ndarray, stated: tuple[str, str]
) -> None:
    base = BASE.format(letters)
    house.raster(f"{base}/{base}_VH.tif", pixels, nodata=0)
    house.raster(f"{base}/{base}_VV.tif", np.flip(pixels, 1).copy(), nodata=0)
    house.raster(f"{base}/{base}_ls_map.tif", np.ones((1, 128, 128), np.uint8))
    said = house.add(house.own)
    assert (said.code, said.out.splitlines()[0]) == (0, f"added      {base}  sentinel-1-hyp3  4 chips")
    assert "1 added, 0 unchanged, 0 set aside." in said.out  # the map beside them is no scene
    facts = house.item(base)["properties"]
    assert (facts["fusar:quantity"], facts["fusar:scale"]) == stated
    assert (facts["datetime"], facts["platform"], facts["sar:polarizations"], facts["sar:instrument_mode"]) == (
        "2018-01-28T16:12:01Z", "sentinel-1b", ["VV", "VH"], "IW",
    )  # fmt: skip
    assert "view:incidence_angle" not in facts and "sat:orbit_state" not in facts
    found = read(house.data / f"scenes/{base}.tif")
    assert found[1] == pytest.approx(kept[0], rel=1e-6)
    assert found[0] == pytest.approx(np.flip(kept[0], 0), rel=1e-6)


def test_nodata_of_a_file_is_no_number_in_what_is_written(house: House, tmp_path: Path) -> None:
    base = BASE.format("gp")
    pixels = POWER.copy()
    pixels[0, :3] = 0
    path = house.raster(f"{base}_VV.tif", pixels, nodata=0)
    ((name, write),) = HYP3.scenes(path).items()
    assert (name, write(tmp_path / "out.tif")["sar:polarizations"]) == (base, ["VV"])
    found = read(tmp_path / "out.tif")
    assert np.isnan(found[0, :3]).all() and np.array_equal(found[0, 3:], pixels[0, 3:])


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"transform": UTM31 @ UTM31.translation(1, 0)}, GridMismatch),
        ({"crs": "EPSG:32632"}, GridMismatch),
        ({"dtype": "uint8"}, WrongSampleType),
    ],
)
def test_polarisations_that_do_not_fit_each_other_are_refused(
    house: House, tmp_path: Path, other: dict[str, object], error: type[SceneError]
) -> None:
    base = BASE.format("gp")
    first = house.raster(f"{base}_VV.tif", POWER)
    house.raster(f"{base}_VH.tif", POWER.astype(str(other.get("dtype", "float32"))), **other)
    with pytest.raises(error) as raised:
        HYP3.scenes(first)[base](tmp_path / "out.tif")
    assert raised.value.path.name == f"{base}_VH.tif"


def test_maps_of_hyp3_without_their_scene_are_named_as_what_is_missing(house: House) -> None:
    house.raster(f"{BASE.format('gp')}_dem.tif", ramp())
    said = house.add(house.own)
    assert said.code == 1 and f"missing-asset: {house.own}/{BASE.format('gp')}_VV.tif" in said.err


def test_a_burst_of_opera_is_linear_gamma_nought(house: House) -> None:
    house.raster(f"{OPERA}_VV.tif", POWER, nodata=float("nan"))
    house.raster(f"{OPERA}_VH.tif", POWER / 4, nodata=float("nan"))
    house.raster(f"{OPERA}_mask.tif", np.ones((1, 128, 128), np.uint8))
    said = house.add(house.own)
    assert (said.code, said.out.splitlines()[:2]) == (
        0, [f"added      {OPERA}  sentinel-1-opera  4 chips", "1 added, 0 unchanged, 0 set aside."],
    )  # fmt: skip
    item = house.item(OPERA)
    facts = item["properties"]
    assert (facts["datetime"], facts["fusar:scale"]) == ("2023-06-11T00:29:00Z", "linear")
    assert {url.split("/")[3] for url in item["stac_extensions"]} == {"raster", "sar", "projection", "processing"}


def test_the_planetary_computers_folder_says_satellite_time_and_orbit(house: House) -> None:
    for one, pixels in (("vv", POWER), ("vh", POWER / 5)):
        house.raster(f"{GRD}/measurement/iw-{one}.rtc.tiff", pixels, nodata=-32768)
    assert house.add(house.own).code == 0
    facts = house.item(f"{GRD[:-5]}_rtc")["properties"]
    assert (facts["platform"], facts["sat:absolute_orbit"], facts["datetime"], facts["end_datetime"]) == (
        "sentinel-1a", 34664, "2020-10-05T17:08:24Z", "2020-10-05T17:08:49Z",
    )  # fmt: skip
    assert (facts["sar:polarizations"], facts["fusar:quantity"], facts["fusar:scale"]) == (
        ["VV", "VH"], "gamma0", "linear",
    )  # fmt: skip


def test_without_that_folder_they_are_asked_for(house: House) -> None:
    house.raster("kept/iw-vv.rtc.tiff", POWER)
    said = house.add(house.own)
    assert said.code == 1 and "does not say datetime, platform" in said.err
    assert house.add(house.own, "--set", "datetime=2020-10-05", "--set", "platform=sentinel-1a").code == 0
    assert house.item("kept")["properties"]["sar:polarizations"] == ["VV"]


@pytest.mark.parametrize("family", ["sentinel-1-hyp3", "sentinel-1-opera", "sentinel-1-planetary-computer"])
def test_a_file_of_another_name_is_not_read_as_the_family_that_was_asked_for(house: House, family: str) -> None:
    said = house.add(house.raster("other.tif", POWER), "--product", family)
    assert said.code == 1 and "wrong-field: its name 'other.tif' is not such as" in said.err


def test_what_is_no_netcdf_is_not_read_as_one(house: House) -> None:
    said = house.add(house.raster("other.tif", POWER), "--product", "worldcereal-netcdf")
    assert said.code == 1 and "broken-netcdf" in said.err
