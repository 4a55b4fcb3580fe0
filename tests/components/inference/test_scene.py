import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import Transformer

from components.contract.errors import FusarError
from components.inference.cutting import ChipShape
from components.inference.errors import EmptyForPrediction, UnknownBands
from components.inference.layers import write_geojson, write_picture
from components.inference.scene import QUESTIONS, predict_scene
from components.inference.sensing import Bands, bands_of

ROTATED = Affine(-0.143, -0.57678, 337934.48, -0.57678, 0.143, 7840518.46)
CRS = "EPSG:32759"
BOX = '[{"bbox_2d": [8, 16, 24, 40], "label": "ship"}]'


def write_scene(path: Path, values: np.ndarray, affine: Affine = ROTATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = values.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs=CRS, transform=affine, **profile) as file:
        file.write(values.astype(np.float32), 1)
    return path


def one_ship_a_chip(frame: pd.DataFrame) -> Sequence[str]:
    """A model whose answers are known: it sees one ship in every chip, always at the same place."""
    known = {QUESTIONS["class"]: "ships", QUESTIONS["ships"]: "1", QUESTIONS["ship_boxes"]: BOX}
    return [known.get(question, "water") for question in frame["question"]]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "scenes/yasur.tif", np.full((128, 192), -12.0))


def test_a_box_lands_where_the_rasters_own_affine_puts_its_pixels(scene: Path, tmp_path: Path) -> None:
    predictions = predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64))
    write_geojson(predictions, "fusar-gpt/1", tmp_path / "out.geojson")
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    ships = [feature for feature in features if feature["properties"]["kind"] == "ship"]
    assert (len(features), len(ships)) == (12, 6)
    with rasterio.open(scene) as file:
        x, y = file.transform @ (64 + 8, 64 + 16)  # upper left corner of the box in the chip at row 64, column 64
    expected = Transformer.from_crs(CRS, 4326, always_xy=True).transform(x, y)
    corners = np.array(ships[4]["geometry"]["coordinates"][0])
    assert np.abs(corners - expected).sum(axis=1).min() < 2e-8


def test_a_scene_is_cut_into_chips_as_large_as_the_models(scene: Path, tmp_path: Path) -> None:
    predictions = predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(96))
    assert [(chip.row, chip.col, chip.codes.shape) for chip in predictions][:2] == [(0, 0, (96, 96)), (0, 96, (96, 96))]
    write_geojson(predictions, "m", tmp_path / "out.geojson")
    chip = json.loads((tmp_path / "out.geojson").read_text())["features"][0]
    with rasterio.open(scene) as file:
        corner = Transformer.from_crs(CRS, 4326, always_xy=True).transform(*(file.transform @ (96, 96)))
    assert np.abs(np.array(chip["geometry"]["coordinates"][0]) - corner).sum(axis=1).min() < 2e-8


def test_rings_run_counter_clockwise_as_rfc_7946_wants(scene: Path, tmp_path: Path) -> None:
    write_geojson(
        predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64)), "m", tmp_path / "out.geojson"
    )
    for feature in json.loads((tmp_path / "out.geojson").read_text())["features"]:
        ring = np.array(feature["geometry"]["coordinates"][0])
        (ax, ay), (bx, by) = ring[1] - ring[0], ring[2] - ring[1]
        assert ax * by - ay * bx > 0


def test_gdal_reads_the_layer_with_its_place_and_properties(scene: Path, tmp_path: Path) -> None:
    write_geojson(
        predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64)), "m", tmp_path / "out.geojson"
    )
    info = pyogrio.read_info(tmp_path / "out.geojson")
    assert info["crs"] == "EPSG:4326"
    assert info["features"] == 12
    assert {"kind", "land_cover", "model"} <= set(info["fields"])


def test_the_picture_shows_the_whole_scene(scene: Path, tmp_path: Path) -> None:
    write_picture(
        predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64)), "yasur", tmp_path / "out.png"
    )
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > picture.height > 300


@pytest.mark.parametrize("values", [np.full((32, 32), -12.0), np.full((128, 128), np.nan)])
def test_a_scene_without_a_chip_is_refused_by_name(tmp_path: Path, values: np.ndarray) -> None:
    empty = write_scene(tmp_path / "empty.tif", values)
    with pytest.raises(EmptyForPrediction, match=r"empty\.tif: smaller than a chip"):
        predict_scene(empty, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64))


def test_two_polarisations_of_a_one_band_scene_are_refused(scene: Path) -> None:
    with pytest.raises(FusarError, match=r"yasur\.tif"):
        predict_scene(scene, Bands(("VV", "VH"), "decibel"), one_ship_a_chip, ChipShape(64))


def test_the_stac_item_says_what_the_bands_are_and_options_come_first(scene: Path) -> None:
    item = scene.parent.parent / "items/yasur.json"
    item.parent.mkdir()
    item.write_text(json.dumps({"properties": {"sar:polarizations": ["HH"], "fusar:scale": "linear"}}))
    assert bands_of(scene, "", "") == bands_of(scene, "HH", "linear")
    assert bands_of(scene, "VV", "").polarizations == ("VV",)


def test_the_offsets_of_digital_numbers_come_from_the_item_alone(scene: Path) -> None:
    item = scene.parent.parent / "items/yasur.json"
    item.parent.mkdir()
    said = {"sar:polarizations": ["VV"], "fusar:scale": "dn", "fusar:dn_offset_db": [-83]}
    item.write_text(json.dumps({"properties": said}))
    assert bands_of(scene, "", "") == Bands(("VV",), "dn", (-83.0,))
    item.unlink()
    with pytest.raises(UnknownBands):
        bands_of(scene, "VV", "dn")


def test_without_item_and_options_the_remedy_is_told(scene: Path) -> None:
    with pytest.raises(UnknownBands, match="--polarizations"):
        bands_of(scene, "", "")
    with pytest.raises(UnknownBands):
        bands_of(scene, "VV", "logarithmic")


def test_a_scene_of_a_family_is_cut_as_its_model_was_trained(tmp_path: Path) -> None:
    fine = write_scene(tmp_path / "scenes/fine.tif", np.full((256, 384), -12.0), Affine(5, 0, 5e5, 0, -5, 6e6))
    shape = ChipShape(64, {"umbra-gec": 640.0})
    named = Bands(("VV",), "decibel", product="umbra-gec", platform="umbra-04")
    predictions = predict_scene(fine, named, one_ship_a_chip, shape)
    # Half as many rows and columns of pixels, each twice as large: 10 m, within UTM's scale.
    assert [(chip.row, chip.col) for chip in predictions] == [(0, 0), (0, 64), (0, 128), (64, 0), (64, 64), (64, 128)]
    assert abs(predictions[0].affine.a - 10) < 0.01
    assert len(predict_scene(fine, Bands(("VV",), "decibel"), one_ship_a_chip, shape)) == 24
    write_geojson(predictions, "m", tmp_path / "out.geojson")
    chip = json.loads((tmp_path / "out.geojson").read_text())["features"][0]
    side = predictions[0].affine.a * 64
    to_lonlat = Transformer.from_crs(CRS, 4326, always_xy=True)
    assert (
        np.abs(np.array(chip["geometry"]["coordinates"][0]) - to_lonlat.transform(5e5 + side, 6e6 - side))
        .sum(axis=1)
        .min()
        < 1e-7
    )
    with pytest.raises(FusarError, match=r"ingest\.chip_extent_m"):
        predict_scene(fine, named, one_ship_a_chip, ChipShape(64, {"umbra-04": 64.0}))


def test_what_an_item_says_of_the_family_is_known(tmp_path: Path, scene: Path) -> None:
    (tmp_path / "items").mkdir()
    said = {"sar:polarizations": ["VV"], "fusar:scale": "decibel", "fusar:product": "umbra-gec", "platform": "umbra-04"}
    (tmp_path / "items/yasur.json").write_text(json.dumps({"properties": said}))
    assert bands_of(scene, "", "") == Bands(("VV",), "decibel", (), "umbra-gec", "umbra-04")
