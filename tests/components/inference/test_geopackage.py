"""What QGIS would open, read with GDAL: places, fields, and the styles that name them."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pyogrio
import pyogrio.raw
import pytest
import rasterio
import shapely
from pyproj import Transformer

from components.inference.cutting import ChipShape
from components.inference.geopackage import write_geopackage
from components.inference.layers import write_geojson
from components.inference.scene import QUESTIONS, ChipPrediction, predict_scene
from components.inference.sensing import Bands
from components.inference.styles import chip_rules, qml_of_both
from components.tasks.classify import CLASSES
from tests.components.inference.test_scene import CRS, one_ship_a_chip, write_scene

HOSTILE = "<img src=x onerror=alert(1)> ' OR 1=1; --\u202e\ud800\0\"]]>"
HOSTILE_BOX = (
    '[{"bbox_2d": [8, 16, 24, 40], "label": "<b>chip</b>\' --\\ud800"}, {"bbox_2d": [0, 0, 9, 9], "label": "chip"}]'
)


def a_hostile_model(frame: pd.DataFrame) -> Sequence[str]:
    known = {QUESTIONS["class"]: "ships", QUESTIONS["ship_boxes"]: HOSTILE_BOX}
    return [known.get(question, HOSTILE) for question in frame["question"]]


def fields_of(path: Path, layer: str) -> dict[str, np.ndarray]:
    meta, _, _, values = pyogrio.raw.read(path, layer=layer)
    return dict(zip(meta["fields"], values, strict=True))


def geometries(path: Path, layer: str) -> np.ndarray:
    return shapely.from_wkb(pyogrio.raw.read(path, layer=layer)[2])


def fields_named(qml: str) -> set[str]:
    """Fields that the filters and labels of a style ask for."""
    root = ET.fromstring(qml.partition("\n")[2])
    asked = [rule.get("filter", "") for rule in root.iter("rule")]
    asked += [text.get("fieldName", "") for text in root.iter("text-style")]
    return {name for expression in asked for name in re.findall(r'"(\w+)"', expression)}


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "scenes/yasur.tif", np.full((128, 192), -12.0))


@pytest.fixture
def predictions(scene: Path) -> list[ChipPrediction]:
    return predict_scene(scene, Bands(("VV",), "decibel"), one_ship_a_chip, ChipShape(64))


@pytest.fixture
def package(predictions: list[ChipPrediction], tmp_path: Path) -> Path:
    write_geopackage(predictions, "fusar-gpt/1", tmp_path / "yasur.gpkg")
    return tmp_path / "yasur.gpkg"


def test_gdal_opens_two_layers_in_wgs_84_with_their_counts(package: Path) -> None:
    assert [name for name, kind in pyogrio.list_layers(package)] == ["chips", "boxes", "layer_styles"]
    for layer in ("chips", "boxes"):
        info = pyogrio.read_info(package, layer=layer)
        assert (info["crs"], info["features"], info["geometry_type"], info["geometry_name"]) == (
            "EPSG:4326", 6, "Polygon", "geom",
        )  # fmt: skip
    assert list(fields_of(package, "chips")["class"]) == ["ships"] * 6
    assert list(fields_of(package, "boxes")["kind"]) == ["ship"] * 6


def test_chips_tile_the_scene_where_rasterio_puts_its_corners(package: Path, scene: Path) -> None:
    with rasterio.open(scene) as file:
        corners = [file.transform @ corner for corner in ((0, 0), (192, 0), (192, 128), (0, 128))]
    to_degrees = Transformer.from_crs(CRS, 4326, always_xy=True)
    whole = shapely.Polygon([to_degrees.transform(*corner) for corner in corners])
    chips = shapely.union_all(geometries(package, "chips"))
    assert chips.symmetric_difference(whole).area / whole.area < 1e-4
    assert all(shapely.covers(chips.buffer(1e-9), geometries(package, "boxes")))


def test_qgis_finds_a_default_style_for_each_layer_whose_fields_exist(package: Path) -> None:
    styles = fields_of(package, "layer_styles")
    assert list(styles["f_table_name"]) == ["chips", "boxes"]
    assert set(styles["f_geometry_column"]) == {"geom"} and all(styles["useAsDefault"])
    assert set(styles["f_table_schema"]) == {""}  # QGIS asks for the empty text, and NULL is not that
    for layer, qml in zip(styles["f_table_name"], styles["styleQML"], strict=True):
        named = fields_named(qml)
        assert named and named <= set(fields_of(package, layer)), layer


def test_each_rule_has_its_symbol_and_each_class_its_rule() -> None:
    root = ET.fromstring(qml_of_both().partition("\n")[2])
    rules = [rule for rule in root.find("renderer-v2/rules") or [] if rule.get("symbol")]
    symbols = {symbol.get("name") for symbol in root.iter("symbol")}
    assert {rule.get("symbol") for rule in rules} == symbols and len(symbols) == len(rules)
    assert {*CLASSES, "ship", "plane"} <= {rule.get("label") for rule in rules}
    colours = [rule.colour for rule in chip_rules()]
    assert len(set(colours)) == len(colours)


def test_the_geojson_has_its_style_beside_it_under_its_name(predictions: list[ChipPrediction], tmp_path: Path) -> None:
    write_geojson(predictions, "fusar-gpt/1", tmp_path / "out.geojson")
    named = fields_named((tmp_path / "out.qml").read_text(encoding="utf-8"))
    assert named <= set(pyogrio.read_info(tmp_path / "out.geojson")["fields"])


def test_what_a_model_wrote_stays_text_and_no_part_of_a_style(scene: Path, tmp_path: Path) -> None:
    package = tmp_path / "hostile.gpkg"
    write_geopackage(predict_scene(scene, Bands(("VV",), "decibel"), a_hostile_model, ChipShape(64)), "m", package)
    chips, boxes = fields_of(package, "chips"), fields_of(package, "boxes")
    assert chips["land_cover"][0].startswith("<img src=x onerror=alert(1)> ' OR 1=1; --")
    assert set(boxes["kind"]) == {"<b>chip</b>' --?", "chip (label)"}
    assert len(chips["class"]) == 6 and len(boxes["kind"]) == 12
    for qml in fields_of(package, "layer_styles")["styleQML"]:
        assert "img" not in qml and "<b>" not in qml
        texts = list(ET.fromstring(qml.partition("\n")[2]).iter("text-style"))
        assert all(text.get("allowHtml") == "0" for text in texts)


def test_without_a_box_the_layer_is_there_and_empty(scene: Path, tmp_path: Path) -> None:
    def calm(frame: pd.DataFrame) -> list[str]:
        return ["open water"] * len(frame)

    answers = predict_scene(scene, Bands(("VV",), "decibel"), calm, ChipShape(64))
    write_geopackage(answers, "m", tmp_path / "empty.gpkg")
    assert pyogrio.read_info(tmp_path / "empty.gpkg", layer="boxes")["features"] == 0


def test_writing_again_replaces_the_file_and_leaves_nothing_beside_it(
    predictions: list[ChipPrediction], package: Path
) -> None:
    write_geopackage(predictions, "fusar-gpt/2", package)
    assert set(fields_of(package, "chips")["model"]) == {"fusar-gpt/2"}
    assert [path.name for path in package.parent.glob("*yasur*gpkg*")] == ["yasur.gpkg"]
