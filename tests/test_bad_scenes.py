"""Bad scenes by their flaw: `fusar data add` and `ingest` name each by the same code, and take its good neighbour."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.records.schemas import SET_ASIDE
from components.records.tables import read_table
from tests.components.catalog.conftest import House, house, ramp  # noqa: F401
from tests.components.catalog.test_adding import SAID
from tests.components.ingestion.conftest import UTM31, Catalogue, catalogue, config  # noqa: F401


def written(path: Path, pixels: np.ndarray, **profile: object) -> None:
    settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, **profile}
    bands, height, width = pixels.shape
    with rasterio.open(path, "w", count=bands, height=height, width=width, dtype=pixels.dtype, **settings) as sink:
        sink.write(pixels)


def latitude_before_longitude(path: Path) -> None:
    """Shanghai, 31.2 N and 121.5 E, whose 121.5 is no latitude."""
    written(path, ramp(), crs="EPSG:4326", transform=Affine(0.0001, 0, 31.2, 0, -0.0001, 121.5))


def easting_beyond_the_projection(path: Path) -> None:
    written(path, ramp(), transform=Affine(10, 0, 4_830_000_000, 0, -10, 620_000))


def no_area(path: Path) -> None:
    written(path, ramp(), transform=Affine(10, 10, 620_000, 10, 10, 4_830_000))


def _promised(path: Path, **profile: object) -> None:
    """102 GB of float32, of which nothing is written."""
    settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, "BIGTIFF": "YES", "SPARSE_OK": True}
    tiles = {"tiled": True, "blockxsize": 16_384, "blockysize": 16_384}
    with rasterio.open(
        path, "w", count=1, height=160_000, width=160_000, dtype="float32", **settings, **tiles, **profile
    ):
        pass
    assert path.stat().st_size < 10_000


def promised_100_gb(path: Path) -> None:
    _promised(path)


def promised_100_gb_compressed(path: Path) -> None:
    _promised(path, compress="deflate")


def complex_samples(path: Path) -> None:
    written(path, ramp().astype(np.complex64))


def complex_whole_numbers(path: Path) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=128, width=128, dtype="complex_int16", crs="EPSG:32631",
        transform=UTM31,
    ) as sink:  # fmt: skip
        sink.write(np.ones((1, 128, 128), np.complex64))


def nothing_but_infinity(path: Path) -> None:
    written(path, np.where(ramp() < -10, np.float32(-np.inf), np.float32(np.inf)))


def nothing_but_nan(path: Path) -> None:
    written(path, np.full((1, 128, 128), np.nan, np.float32))


def nothing_but_nodata(path: Path) -> None:
    written(path, np.full((1, 128, 128), -9999, np.float32), nodata=-9999)


def display_stretch_called_decibels(path: Path) -> None:
    written(path, np.random.default_rng(3).integers(9, 40, (1, 128, 128)).astype(np.float32))


def power_called_decibels(path: Path) -> None:
    written(path, (10 ** (ramp() / 10)).astype(np.float32))


FLAWS = [
    (latitude_before_longitude, "unusable-crs"),
    (easting_beyond_the_projection, "unusable-crs"),
    (no_area, "unusable-affine"),
    (promised_100_gb, "truncated"),
    (promised_100_gb_compressed, "inflated"),
    (complex_samples, "wrong-sample-type"),
    (complex_whole_numbers, "wrong-sample-type"),
    (nothing_but_infinity, "empty-scene"),
    (nothing_but_nan, "empty-scene"),
    (nothing_but_nodata, "empty-scene"),
    (display_stretch_called_decibels, "unlikely-values"),
    (power_called_decibels, "unlikely-values"),
]
by_flaw = pytest.mark.parametrize(("flaw", "code"), FLAWS, ids=[flaw.__name__ for flaw, _ in FLAWS])


@by_flaw
def test_add_names_it(house: House, flaw: Callable[[Path], None], code: str) -> None:  # noqa: F811
    bad = house.own / "bad.tif"
    flaw(bad)
    said = house.add(bad, house.raster("good.tif", ramp()), *SAID)
    assert "1 added, 0 unchanged, 1 set aside." in said.out and f"set aside  {bad}: {code}: " in said.err


@by_flaw
def test_ingest_names_it(catalogue: Catalogue, config, flaw: Callable[[Path], None], code: str) -> None:  # noqa: F811
    flaw(catalogue.data / "scenes/bad.tif")
    catalogue.item("bad", sar__polarizations=["VV"])
    catalogue.good()
    assert catalogue.ingest(config)["scenes_cut"] == 1
    (row,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert (row["scene_id"], row["file"], row["code"]) == ("bad", "scenes/bad.tif", code)


CROSS_FIRST = np.concatenate([ramp() - 7, ramp()])


def test_add_names_bands_in_the_wrong_order_and_takes_them_in_the_right_one(house: House) -> None:  # noqa: F811
    scene = house.raster("swapped.tif", CROSS_FIRST)
    said = house.add(scene, *SAID, "--set", "sar:polarizations=VV,VH")
    assert said.code == 1 and f"set aside  {scene}: swapped-polarizations: " in said.err
    assert not (house.data / "items").exists()
    assert house.add(scene, *SAID, "--set", "sar:polarizations=VH,VV").code == 0


def test_ingest_names_bands_in_the_wrong_order(catalogue: Catalogue, config) -> None:  # noqa: F811
    written(catalogue.data / "scenes/bad.tif", CROSS_FIRST)
    catalogue.item("bad", sar__polarizations=["VV", "VH"])
    catalogue.good()
    assert catalogue.ingest(config)["scenes_cut"] == 1
    (row,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert (row["scene_id"], row["file"], row["code"]) == ("bad", "scenes/bad.tif", "swapped-polarizations")


@pytest.mark.parametrize("name", ["上海港 2021.tif", "中文/上海.tif", "Übersicht.tif"])
def test_a_name_that_is_no_id_is_asked_for_and_its_folder_may_be_called_anything(house: House, name: str) -> None:  # noqa: F811
    scene = house.raster(f"有 空格/{name}", ramp())
    said = house.add(scene, *SAID)
    assert said.code == 1 and f"set aside  {scene}: unusable-name: " in said.err
    assert "added      shanghai " in house.add(scene, *SAID, "--set", "id=shanghai").out
    assert (house.data / "scenes/shanghai.tif").read_bytes() == scene.read_bytes()
