"""Real files of each family, added as they are: what the items say, and where they lie."""

import os
import shutil
from pathlib import Path

import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.warp import transform
from rasterio.windows import Window

from components.geography.projection import lonlat_to_pixel
from tests.components.catalog.conftest import House

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data"),
]


def assert_footprint(item: dict, file: Path) -> None:
    """The item's polygon has the raster's four corners, to a tenth of a pixel."""
    ring = item["geometry"]["coordinates"][0][:-1]
    with rasterio.open(file) as raster:
        x, y = transform("EPSG:4326", raster.crs, *zip(*ring, strict=True))
        found = shapely.Polygon([~raster.transform @ corner for corner in zip(x, y, strict=True)])
        whole = shapely.box(0, 0, raster.width, raster.height)
        assert shapely.hausdorff_distance(found, whole) < 0.1


def test_pyrosar_and_terramesh_files_are_added_under_their_own_names(house: House) -> None:
    said = house.add(REAL / "pyrosar", REAL / "terramesh/S1RTC")
    assert (said.code, said.err.count("which does not say platform")) == (0, 3)
    assert "1 added, 0 unchanged, 3 set aside." in said.out
    assert "3 added" in house.add(REAL / "terramesh/S1RTC", "--set", "platform=sentinel-1").out
    name = "S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db"
    found = house.item(name)["properties"]
    assert (found["datetime"], found["platform"], found["gsd"]) == (
        "2015-03-09T17:30:17Z", "sentinel-1a", pytest.approx(20, rel=2e-3),
    )  # fmt: skip
    for scene in (name, "282D_485L_3_3", "433D_629L_3_1", "637U_59R_1_3"):
        assert_footprint(house.item(scene), house.data / f"scenes/{scene}.tif")


def test_the_other_modalities_of_terramesh_are_not_taken_for_radar(house: House) -> None:
    said = house.add(*(REAL / f"terramesh/{folder}" for folder in ("DEM", "LULC", "S2RGB")))
    assert (said.code, said.err.count("missing-field: read as geotiff")) == (1, 9)


def test_an_umbra_image_without_metadata_is_rotated_amplitude_and_lies_at_mount_yasur(house: House) -> None:
    source = house.own / "umbra_mount_yasur.tiff"
    with rasterio.open(REAL / "umbra/umbra_mount_yasur.tiff") as file:
        settings = {"driver": "GTiff", "count": 1, "height": 150, "width": 192, "dtype": "uint8", "crs": file.crs}
        with rasterio.open(source, "w", transform=file.transform @ Affine.translation(1200, 650), **settings) as sink:
            sink.write(file.read(window=Window(1200, 650, 192, 150)))
    assert "missing-field: read as geotiff" in house.add(source).err
    # The polarisation is nowhere in the file: who adds the scene must say it.
    facts = ("datetime=2023-02-12T21:33:56Z", "platform=umbra-04", "sar:polarizations=VV")
    options = [word for fact in facts for word in ("--set", fact)]
    assert house.add(source, "--product", "umbra-gec", *options).code == 0
    item = house.item("umbra_mount_yasur")
    assert (item["properties"]["gsd"], item["properties"]["fusar:quantity"]) == (
        pytest.approx(0.594, abs=1e-3),
        "amplitude",
    )
    assert_footprint(item, house.data / "scenes/umbra_mount_yasur.tif")
    crater = shapely.Point(169.450, -19.529)
    assert shapely.distance(shapely.geometry.shape(item["geometry"]), crater) < 0.003


def test_landmarks_of_the_large_mosaic_lie_in_the_pixels_that_its_item_says(house: House) -> None:
    source = REAL / "sentinel1_los_angeles/los_angeles_s1_vh_mosaic.tif"
    decibels = (
        "datetime=2020-11-07T13:52:41Z",
        "platform=sentinel-1a",
        "fusar:quantity=sigma0",
        "fusar:simulated=false",
    )
    options = [word for fact in decibels for word in ("--set", fact)]
    assert "wrong-sample-type" in house.add(source, *options, "--set", "fusar:scale=decibel").err  # a display stretch
    window = Window(100, 200, 2300, 1900)
    cut = house.own / "los_angeles.tif"
    with rasterio.open(source) as file:
        settings = {"driver": "GTiff", "count": 1, "height": 1900, "width": 2300, "dtype": "uint8", "crs": file.crs}
        with rasterio.open(cut, "w", transform=file.window_transform(window), **settings) as sink:
            sink.write(file.read(window=window))
            sink.descriptions = file.descriptions
    amplitude = [word.replace("sigma0", "amplitude") for word in options]
    assert house.add(cut, *amplitude, "--set", "fusar:scale=amplitude").code == 0
    item = house.item("los_angeles")
    facts = item["properties"]
    # World Mercator's pixel of 10.0003 "m" is 8.30 m on the ground.
    assert (facts["sar:polarizations"], facts["gsd"]) == (["VH"], pytest.approx(8.30, abs=0.01))
    assert_footprint(item, house.data / "scenes/los_angeles.tif")
    to_map = Transformer.from_crs("EPSG:4326", facts["proj:code"], always_xy=True)
    inverse = ~Affine(*facts["proj:transform"])
    for lon, lat, row, col in ((-118.408, 33.942, 2026, 262), (-118.240, 34.074, 261, 2132)):  # LAX, Dodger Stadium
        with rasterio.open(source) as file:
            expected = ~file.transform @ to_map.transform(lon, lat)
        found = inverse @ to_map.transform(lon, lat)
        assert found == pytest.approx((expected[0] - 100, expected[1] - 200), abs=0.1)
        assert found == pytest.approx((col - 100, row - 200), abs=1.5)  # as the landmarks' coordinates are rounded


def test_the_crater_of_the_umbra_image_lies_where_it_is_seen(house: House) -> None:
    with rasterio.open(REAL / "umbra/umbra_mount_yasur.tiff") as file:
        x, y = transform("EPSG:4326", file.crs, [169.450], [-19.529])
        expected = ~file.transform @ (x[0], y[0])
        col, row = lonlat_to_pixel(str(file.crs), file.transform, 169.450, -19.529)
        assert (float(col), float(row)) == pytest.approx(expected, abs=0.1)
    # The README's crater is a region; ellipsoid correction moves raised ground by up to some hundred metres.
    assert abs(float(col) - 1300) < 200 and abs(float(row) - 725) < 200


def test_netcdf_is_a_scene_a_date_and_chips_without_georeferencing_are_refused_by_name(house: House) -> None:
    shutil.copy(next((REAL / "hrsid/images").glob("*.jpg")), house.own / "ships.tif")
    source = next((REAL / "worldcereal").glob("*.nc"))
    said = house.add(house.own / "ships.tif", source, "--set", "platform=sentinel-1")
    assert (said.code, said.err.count("not-a-geotiff")) == (0, 1)
    assert "12 added, 0 unchanged, 1 set aside." in said.out
    item = house.item(f"{source.stem}_20210401")
    assert item["properties"]["fusar:product"] == "worldcereal-netcdf"
    assert_footprint(item, house.data / f"scenes/{source.stem}_20210401.tif")
    assert shapely.distance(shapely.geometry.shape(item["geometry"]), shapely.Point(5.326, 50.633)) == 0
