"""Families told by their path: folders, several files, several scenes; written as GeoTIFF when they are added."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio

from components.catalog import products
from components.catalog.products.product import ConvertedProduct, Facts, Write
from components.catalog.products.writing import Grid, geotiff
from components.rasters.errors import TruncatedRaster
from tests.components.catalog.conftest import UTM31, House, ramp


def write(path: Path, offset: float, target: Path) -> Facts:
    if (path / "broken").exists():
        raise TruncatedRaster(path / "broken")
    with geotiff(target, Grid("EPSG:32631", UTM31, 128, 128), 1, "float32", None) as sink:
        sink.write(ramp() + offset)
    return {
        "datetime": f"2022-01-0{int(offset) + 1}T00:00:00Z",
        "platform": "boxed-1",
        "sar:polarizations": ["HH"],
        "fusar:quantity": "sigma0",
        "fusar:scale": "decibel",
        "fusar:simulated": False,
    }


def scenes(path: Path) -> Mapping[str, Write]:
    return {f"{path.stem}_{day}": partial(write, path, float(day)) for day in range(int((path / "days").read_text()))}


BOXED = ConvertedProduct("boxed", "folders that end in .box", lambda path: path.suffix == ".box", scenes)
PAIRED = ConvertedProduct(
    "paired",
    "two files of one scene",
    lambda path: path.name.startswith("pair_"),
    lambda path: {path.stem: partial(write, path, 0.0)},
    lambda path: (path.with_name("pair_a.tif"), path.with_name("pair_b.tif")),
)


@pytest.fixture(autouse=True)
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "CONVERTED", (BOXED, PAIRED))


def box(house: House, name: str, days: int) -> Path:
    folder = house.own / name
    (folder / "measurement").mkdir(parents=True)
    (folder / "days").write_text(str(days))
    house.raster(f"{name}/measurement/inner.tif", ramp())  # a part of the product, no scene of its own
    return folder


def test_a_product_that_is_a_folder_becomes_a_scene_of_its_family_and_says_so(house: House) -> None:
    folder = box(house, "one.box", 1)
    before = sorted((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())
    said = house.add(house.own)
    assert (said.code, said.out.splitlines()[:2]) == (
        0, ["added      one_0  boxed  4 chips", "1 added, 0 unchanged, 0 set aside."],
    )  # fmt: skip
    assert house.item("one_0")["properties"]["fusar:product"] == "boxed"
    with rasterio.open(house.data / "scenes/one_0.tif") as raster:
        assert np.array_equal(raster.read(), ramp())
    assert before == sorted((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())
    assert house.add(house.own).out.splitlines()[0] == "unchanged  one_0  boxed"
    assert not (house.root / ".fusar/incoming").exists()


def test_each_scene_of_a_product_is_added_by_itself_and_keeps_its_ending_under_a_given_name(house: House) -> None:
    said = house.add(box(house, "series.box", 3), "--set", "id=field")
    assert said.code == 0
    assert sorted(path.stem for path in (house.data / "items").iterdir()) == ["field_0", "field_1", "field_2"]
    assert house.item("field_2")["properties"]["datetime"].startswith("2022-01-03")


def test_files_of_one_scene_are_added_once_whichever_was_named(house: House) -> None:
    one, two = house.raster("pair_a.tif", ramp()), house.raster("pair_b.tif", ramp())
    assert "added      pair_a  paired" in house.add(two).out
    assert "0 added, 1 unchanged, 0 set aside." in house.add(one, two, house.own).out


def test_a_fault_inside_a_product_is_named_with_its_file_and_leaves_the_others_alone(house: House) -> None:
    broken, good = box(house, "broken.box", 1), box(house, "good.box", 1)
    (broken / "broken").touch()
    said = house.add(house.own)
    assert said.code == 0 and "added      good_0" in said.out
    assert f"set aside  {broken}: truncated: {broken}/broken: " in said.err
    assert sorted(path.name for path in house.data.rglob("*") if path.is_file()) == ["good_0.json", "good_0.tif"]
    assert good.is_dir()


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped"])
def test_a_given_name_is_looked_at_before_anything_is_written(house: House, name: str) -> None:
    said = house.add(box(house, "one.box", 1), "--set", f"id={name}")
    assert said.code == 1 and "unusable-name" in said.err
    assert list(house.root.parent.rglob("*escaped*")) == []


def test_the_family_is_kept_in_the_item_and_cannot_be_contradicted_but_for_a_geotiff_of_none(house: House) -> None:
    house.raster("S1A__IW___A_20150309T173017_VV_gamma0-rtc_db.tif", ramp())
    assert "contradiction: fusar:product" in house.add(house.own, "--set", "fusar:product=other").err
    assert house.add(house.own).code == 0
    item = house.item("S1A__IW___A_20150309T173017_VV_gamma0-rtc_db")
    assert item["properties"]["fusar:product"] == "sentinel-1-pyrosar"
    facts = ("datetime=2022-01-02", "platform=x", "sar:polarizations=VV", "fusar:quantity=gamma0",
             "fusar:scale=decibel", "fusar:simulated=false", "fusar:product=gaofen-3")  # fmt: skip
    said = [word for fact in facts for word in ("--set", fact)]
    assert house.add(house.raster("plain.tif", ramp() - 1), *said).code == 0
    assert house.item("plain")["properties"]["fusar:product"] == "gaofen-3"
    assert house.add(house.raster("other.tif", ramp() - 2), *said[:-2]).code == 0
    assert house.item("other")["properties"]["fusar:product"] == "geotiff"
