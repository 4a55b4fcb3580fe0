"""Captions and image folders: what is said of a whole picture, from the label file to the annotations."""

import json

import numpy as np
import pytest
from PIL import Image

from cli.app import main
from components.annotation.stage import AnnotationConfig, run_annotate
from components.ingestion.config import IngestConfig
from components.ingestion.stage import run_ingest
from components.records.schemas import ANNOTATIONS, CHIPS, SET_ASIDE
from components.records.tables import read_table
from components.tasks import chip_truth, with_caption
from components.validation.stage import CheckAnnotationsConfig, run_check_annotations
from tests.components.catalog.labels.conftest import codes
from tests.components.catalog.labels.test_command import SAID

SENTENCES = {"Terrain": "Urban.", "Roads": "A dense road grid", "Water": "No visible water here", "Layout": " "}


def _written(room, name: str) -> dict:
    return json.loads((room.data / f"captions/{name}.json").read_text())


def test_a_text_gets_the_code_of_its_words_or_of_the_phrases_that_a_person_explains(room) -> None:
    records = [{"image_id": "placed.png", **SENTENCES}, {"image_id": "elsewhere", "Water": "none"}]
    path = room.write("caption.json", records)
    said = {"no_visible_water": "landform.Water.none", "road_grid": "landform.Roads.streets", "grid": "ship.Count.1"}
    done = room.caption("captions-landform", path, **said, dense="landform.Roads.lanes")
    assert codes(done) == ["labelled", "no-such-scene"]
    assert done[0].counts == {"clauses": 2, "texts without a code": 1}
    assert _written(room, "placed") == {
        "family": "landform",
        "clauses": {
            "Terrain": {"text": "Urban.", "code": "urban"},
            "Roads": {"text": "A dense road grid", "code": None},  # two phrases, two codes: nobody guesses
            "Water": {"text": "No visible water here", "code": "none"},
        },
    }
    asset = json.loads(room.item_file("placed").read_text())["assets"]["captions"]
    assert asset["href"] == "../captions/placed.json"
    again = room.caption("captions-landform", path, **said, dense="landform.Roads.lanes")
    assert codes(again) == ["unchanged", "no-such-scene"]
    assert codes(room.caption("captions-landform", path)) == ["labelled-already", "no-such-scene"]


def test_phrases_are_whole_words(room) -> None:
    path = room.write("caption.json", [{"image_id": "placed", "Water": "Backwaters"}])
    (refused,) = room.caption("captions-landform", path, water="landform.Water.some")
    assert refused.error is not None and refused.error.code == "unknown-class"
    assert "'Backwaters=landform.Terrain.coast'" in refused.reason and "labels.md" in refused.reason


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([{"image_id": 1, "Count": "two"}], "Count is no field of the family landform"),
        ([{"Water": "none"}], "record 0: image_id"),
        ([{"image_id": 1, "Water": 3}], "record 0: Water"),
        ([{"image_id": 1, "Water": "x" * 2001}], "record 0: Water"),
        ([{"image_id": 1, "Water": " "}], "says none of Terrain"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_caption_is_set_aside(room, content, fault: str) -> None:
    (refused,) = room.caption("captions-landform", room.write("caption.json", content))
    assert refused.error is not None and refused.error.code == "broken-labels" and fault in refused.reason


def test_a_folder_is_a_class_and_its_pictures_are_scenes(room) -> None:
    for name in ("Urban/placed_chip.png", "Cargo/nowhere_chip.jpg", "Dredger/x_chip.png", "urban.txt"):
        room.write(f"all/{name}", "no picture: it is not opened")
    refused = room.caption("image-folders", room.own / "all", "_chip", Cargo="ship.Category.freighter")
    assert codes(refused) == ["labelled", "unknown-class", "labelled"]
    classes = {"Cargo": "ship.Category.freighter", "Dredger": ""}
    assert codes(room.caption("image-folders", room.own / "all", "_chip", **classes)) == ["unchanged"] * 2
    assert _written(room, "placed")["clauses"] == {"Terrain": {"text": "Urban", "code": "urban"}}
    assert _written(room, "nowhere") == {
        "family": "ship",
        "clauses": {"Category": {"text": "Cargo", "code": "freighter"}},
    }


def _run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert not ended.value.code


def _pictures(house, **sizes: int) -> None:
    for seed, (name, size) in enumerate(sizes.items()):
        pixels = np.random.default_rng(seed).integers(1, 255, (size, size), dtype=np.uint8)
        Image.fromarray(pixels).save(house.own / f"{name}.png")
        _run("data", "add", house.own / f"{name}.png", "--product", "picture", *SAID)


def test_given_clauses_reach_the_annotations_and_nothing_overwrites_them(house, laptop_params) -> None:
    _pictures(house, tank=64, grove=64, plain=64, vast=128)
    for name in ("tanker/tank.png", "woodland/grove.png", "urban/vast.png"):
        (house.own / "all" / name).parent.mkdir(parents=True)
        (house.own / "all" / name).write_text("")
    _run("data", "label", "image-folders", house.own / "all")
    (house.root / "withdrawn.csv").write_text("md5,scene_id,reason,name,time\n")
    out = house.root / "out"
    paths = {name: out / name for name in ("chips", "set_aside.parquet", "annotations", "injected", "verdicts.parquet")}
    config = IngestConfig.model_validate(laptop_params["ingest"] | {"val_share": 0.0, "test_share": 0.0})
    run_ingest(config, {"data": house.data, "withdrawn": house.root / "withdrawn.csv"}, paths)
    (aside,) = read_table(paths["set_aside.parquet"], SET_ASIDE).to_pylist()
    assert (aside["scene_id"], aside["code"]) == ("vast", "caption-of-more") and "128 x 128" in aside["reason"]

    rules = AnnotationConfig.model_validate(laptop_params["annotate"] | {"corrupt_share": 1.0})
    metrics = run_annotate(rules, paths, paths)
    assert (metrics["given_clauses"], metrics["disputed_clauses"]) == (2.0, 0.0)
    rows = {(row["scene_id"], row["field"]): row for row in read_table(paths["annotations"], ANNOTATIONS).to_pylist()}
    given = {key: row for key, row in rows.items() if row["annotator"] == "given"}
    assert {key: (row["family"], row["code"], row["value"]) for key, row in given.items()} == {
        ("tank", "Category"): ("ship", "tanker", "tanker"),
        ("grove", "Terrain"): ("landform", "woodland", "woodland"),
    }
    assert given["tank", "Category"]["evidence"] == "came with the scene: tanker"
    assert len(rows) == 24 and rows["plain", "Terrain"]["code"] == "unknown"

    check = CheckAnnotationsConfig.model_validate(laptop_params["check_annotations"])
    run_check_annotations(check, paths, paths)  # no critical expectation fails
    chips = {row["scene_id"]: row for row in read_table(paths["chips"], CHIPS).to_pylist()}
    assert with_caption(chip_truth(chips["tank"]), "ship", {"Category": "tanker"}).family == "ship"


def test_what_labels_contradict_is_counted_and_the_given_clause_stands(house, laptop_params) -> None:
    _pictures(house, tank=64)
    (house.own / "tank.txt").write_text("10 20 30 20 30 40 10 40 ship 0\n")
    _run("data", "label", "dota", house.own / "tank.txt")
    (house.own / "tank.jsonl").write_text(json.dumps({"image_id": "tank", "Count": "two", "Location": "upper left"}))
    _run("data", "label", "captions-ship", house.own / "tank.jsonl")
    (house.root / "withdrawn.csv").write_text("md5,scene_id,reason,name,time\n")
    paths = {name: house.root / name for name in ("chips", "set_aside.parquet", "annotations", "injected")}
    config = IngestConfig.model_validate(laptop_params["ingest"])
    run_ingest(config, {"data": house.data, "withdrawn": house.root / "withdrawn.csv"}, paths)
    metrics = run_annotate(AnnotationConfig.model_validate(laptop_params["annotate"]), paths, paths)
    assert (metrics["given_clauses"], metrics["disputed_clauses"]) == (2.0, 2.0)
    said = {row["field"]: row["code"] for row in read_table(paths["annotations"], ANNOTATIONS).to_pylist()}
    assert (said["Count"], said["Location"]) == ("2", "upper_left")
