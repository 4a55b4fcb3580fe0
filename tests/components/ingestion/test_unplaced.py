"""Pictures of which nobody knows where they lie: cut, checked and annotated, and never given a place."""

import json
import zlib

import numpy as np
import pytest
import rasterio

from components.annotation.annotator import annotate_chip
from components.annotation.facts import COLUMNS
from components.annotation.rules import Rules
from components.geography.places import split_of
from components.records.schemas import CHIPS, SET_ASIDE, VERDICTS
from components.records.tables import read_table
from components.validation.stage import STAGES, CheckChipsConfig

GROUND = ("crs", "affine", "footprint", "longitude", "latitude", "spacing_m")


def _picture(catalogue, scene_id: str, group: str, boxes: list[tuple[float, float, float, float]] | None, **changes):
    """A picture of 128 x 128 pixels, noise of its own with a bright patch in each box, and its item."""
    pixels = np.random.default_rng(zlib.crc32(scene_id.encode())).integers(5, 120, (1, 128, 128), dtype=np.uint8)
    assets = {"backscatter": f"../scenes/{scene_id}.tif"}
    if boxes is not None:
        for x0, y0, x1, y1 in boxes:
            pixels[0, int(y0) : int(y1), int(x0) : int(x1)] = 250
        features = [
            {
                "type": "Feature",
                "properties": {"category": "ship"},
                "geometry": {"type": "Polygon", "coordinates": [[[a, b], [c, b], [c, d], [a, d], [a, b]]]},
            }
            for a, b, c, d in boxes
        ]
        assets["objects"] = f"../objects/{scene_id}.geojson"
        content = {"type": "FeatureCollection", "fusar:coordinates": "pixel", "features": features}
        (catalogue.data / "objects" / f"{scene_id}.geojson").write_text(json.dumps(content))
    catalogue.raster(f"scenes/{scene_id}.tif", pixels, crs=None, transform=None)
    facts = {
        "platform": "unknown",
        "sar__polarizations": ["unknown"],
        "start_datetime": "2013-01-01T00:00:00Z",
        "end_datetime": "2020-01-01T00:00:00Z",
        "view__incidence_angle": None,
        "fusar__quantity": "amplitude",
        "fusar__scale": "amplitude",
        "fusar__simulated": False,
        "fusar__georeferenced": False,
        "fusar__group": group,
    }
    _timeless(catalogue.item(scene_id, assets, **{**facts, **changes}))


def _timeless(item) -> None:
    content = json.loads(item.read_text())
    content["properties"]["datetime"] = None
    item.write_text(json.dumps(content))


def _chips(catalogue) -> list[dict]:
    return read_table(catalogue.outputs / "chips", CHIPS).to_pylist()


def _aside(catalogue) -> dict[str, str]:
    rows = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    return {row["scene_id"]: f"{row['code']}: {row['reason']}" for row in rows}


def test_a_chip_without_a_place_says_so_in_every_column_and_keeps_its_pixels_and_boxes(catalogue, config) -> None:
    _picture(catalogue, "P0001_a", "P0001", [(70, 10, 90, 20)])
    catalogue.ingest(config)
    chips = {(chip["row"], chip["col"]): chip for chip in _chips(catalogue)}
    assert len(chips) == 4
    for chip in chips.values():
        assert all(chip[name] is None for name in (*GROUND, "datetime", "alphaearth", "alphaearth_year"))
        assert (chip["place_id"], chip["polarizations"]) == ("unplaced:P0001", ["unknown"])
    codes = np.frombuffer(chips[0, 64]["backscatter"], np.uint8).reshape(64, 64)
    assert (codes[10:20, 6:26] == 250).all() and (codes == 250).sum() == 200
    (ship,) = chips[0, 64]["objects"]
    assert [ship[edge] for edge in ("x0", "y0", "x1", "y1")] == [6, 10, 26, 20]
    assert chips[64, 0]["objects"] == []


def test_pictures_of_one_scene_share_a_split_and_those_of_many_do_not(catalogue, config) -> None:
    groups = [f"P{number:04}" for number in range(12)]
    for group in groups:
        for part in "ab":
            _picture(catalogue, f"{group}_{part}", group, None)
    catalogue.ingest(config)
    splits = {
        group: {chip["split"] for chip in _chips(catalogue) if chip["scene_id"].startswith(group)} for group in groups
    }
    expected = {
        group: {split_of(f"unplaced:{group}", config.split_seed, config.val_share, config.test_share)}
        for group in groups
    }
    assert splits == expected and len(set.union(*splits.values())) > 1


def test_what_contradicts_an_unknown_place_is_set_aside(catalogue, config) -> None:
    catalogue.good()
    _picture(catalogue, "no-group", "P1", None, fusar__group=None)
    _picture(catalogue, "two-unknown", "P1", None, sar__polarizations=["unknown", "VV"])
    _picture(catalogue, "placed", "P1", None)
    catalogue.raster("scenes/placed.tif", np.full((1, 128, 128), 9, np.uint8))
    _picture(catalogue, "anchored", "P1", None)
    catalogue.item("unknown-polarization", {"backscatter": "../scenes/good.tif"}, sar__polarizations=["unknown"])
    item = catalogue.data / "items/anchored.json"
    content = json.loads(item.read_text())
    content["assets"]["alphaearth"] = {"href": "../alphaearth/x.tif"}
    item.write_text(json.dumps(content))
    _picture(catalogue, "degrees", "P1", [(10, 10, 20, 20)])
    objects = catalogue.data / "objects/degrees.geojson"
    objects.write_text(objects.read_text().replace('"fusar:coordinates": "pixel", ', ""))
    catalogue.ingest(config)
    aside = _aside(catalogue)
    expected = {
        "no-group": ("broken-item", "fusar:group"),
        "two-unknown": ("broken-item", "stands alone"),
        "unknown-polarization": ("broken-item", "stands alone"),
        "placed": ("place-known", "has a CRS"),
        "anchored": ("broken-item", "alphaearth"),
        "degrees": ("broken-objects", "nobody knows where"),
    }
    assert aside.keys() == expected.keys()
    for scene_id, (code, words) in expected.items():
        assert aside[scene_id].startswith(f"{code}: ") and words in aside[scene_id], aside[scene_id]


def test_a_scene_that_has_a_place_must_have_a_time_and_a_crs(catalogue, config) -> None:
    catalogue.good()
    catalogue.good("timeless")
    times = {"start_datetime": "2013-01-01T00:00:00Z", "end_datetime": "2020-01-01T00:00:00Z"}
    _timeless(catalogue.item("timeless", **times))
    catalogue.good("placeless")
    catalogue.raster("scenes/placeless.tif", np.zeros((2, 128, 128), np.float32), crs=None, transform=None)
    catalogue.ingest(config)
    aside = _aside(catalogue)
    assert aside["timeless"].startswith("broken-item: datetime") and aside["placeless"].startswith("missing-crs")


def _checked(catalogue, laptop_params, tmp_path) -> dict[str, dict]:
    config = CheckChipsConfig.model_validate(laptop_params["check_chips"])
    inputs = {"chips": catalogue.outputs / "chips", "set_aside": catalogue.outputs / "set_aside.parquet"}
    outputs = {"verdicts.parquet": tmp_path / "verdicts.parquet"}
    STAGES[0].run(config, inputs, outputs)
    rows = read_table(outputs["verdicts.parquet"], VERDICTS).to_pylist()
    return {f"{row['suite']} {row['column']} {row['severity']}": row for row in rows}


@pytest.mark.slow
def test_the_checks_pass_them_and_the_annotator_says_what_is_not_known(
    catalogue, config, laptop_params, tmp_path
) -> None:
    for number in range(12):  # enough groups for every split
        boxes = [(70, 10, 90, 20), (100, 30, 104, 60)] if number == 3 else []
        _picture(catalogue, f"P{number:04}_a", f"P{number:04}", boxes)
    catalogue.ingest(config)
    verdicts = _checked(catalogue, laptop_params, tmp_path)
    assert all(row["success"] for row in verdicts.values() if row["severity"] == "critical")
    assert verdicts["chips half_placed critical"]["rows"] == 48
    rules = Rules.model_validate(laptop_params["annotate"]["rules"])
    rows = read_table(catalogue.outputs / "chips", CHIPS, COLUMNS).to_pylist()
    chip = next(row for row in rows if row["chip_id"] == "P0003_a-r0-c64")
    said = {clause["field"]: clause["code"] for clause in annotate_chip(chip, rules)}
    assert (said["Count"], said["Location"], said["Distribution"]) == ("2", "lower_middle", "scattered")
    assert said["Size"] == said["Category"] == said["Region"] == "unknown"
    evidence = {clause["field"]: clause["evidence"] for clause in annotate_chip(chip, rules)}
    assert "spacing not known" in evidence["Count"]


def test_the_raster_of_such_a_picture_opens_only_where_its_item_allows_it(catalogue) -> None:
    from components.rasters.errors import MissingCRS
    from components.rasters.opening import open_raster

    path = catalogue.raster("scenes/x.tif", np.zeros((1, 8, 8), np.uint8), crs=None, transform=None)
    with pytest.raises(MissingCRS), open_raster(path):
        pass
    with open_raster(path, is_georeferenced=False) as raster:
        assert not raster.is_georeferenced and raster.affine == rasterio.Affine.identity()
