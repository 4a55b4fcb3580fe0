"""`fusar data add` and `fusar data label` on pictures of which nobody knows where they lie."""

import json

import numpy as np
import pytest
from PIL import Image

from cli.app import main

SAID = (
    "--set", "fusar:group=harbour-1", "--set", "platform=unknown", "--set", "sar:polarizations=unknown",
    "--set", "fusar:simulated=false", "--set", "start_datetime=2019-01-01", "--set", "end_datetime=2020-01-01",
)  # fmt: skip


def _label(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["data", "label", *map(str, arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def _picture(house, name: str, shape: tuple[int, ...] = (128, 130)):
    pixels = np.random.default_rng(3).integers(0, 255, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(house.own / name)
    return house.own / name


def test_a_picture_is_added_without_a_place_and_labelled_in_its_pixels(house, capsys) -> None:
    picture = _picture(house, "berth.png")
    refused = house.add(picture, "--product", "picture")
    assert refused.code == 1 and "missing-field" in refused.err and "fusar:group" in refused.err
    assert "added      berth  picture  6 chips" in house.add(picture, "--product", "picture", *SAID).out
    item = house.item("berth")
    assert item["geometry"] is None and "bbox" not in item and item["properties"]["datetime"] is None
    assert item["properties"]["start_datetime"] == "2019-01-01T00:00:00Z"
    assert not [name for name in item["properties"] if name.startswith("proj:") or name == "gsd"]
    assert "unchanged" in house.add(picture, "--product", "picture", *SAID).out
    (house.own / "berth.txt").write_text("10 20 30 20 30 40 10 40 tanker 0\n1 1 4 1 4 4 1 4 buoy 0\n")
    code, _, err = _label(capsys, "dota", house.own / "berth.txt")
    assert code == 1 and "unknown-class" in err and "'buoy', 'tanker'" in err
    code, out, _ = _label(capsys, "dota", house.own / "berth.txt", "--class", "tanker=ship", "--class", "buoy=")
    assert code == 0 and "labelled   berth  1 ship" in out and out.rstrip().endswith("fusar plan")
    written = json.loads((house.data / "objects/berth.geojson").read_text())
    assert written["fusar:coordinates"] == "pixel"
    (feature,) = written["features"]
    assert feature["geometry"]["coordinates"] == [[[10, 20], [30, 20], [30, 40], [10, 40], [10, 20]]]
    assert house.item("berth")["assets"]["objects"]["href"] == "../objects/berth.geojson"


def test_colours_are_no_backscatter_and_an_unknown_format_is_named(house, capsys) -> None:
    coloured = _picture(house, "P0001_1_2_3_4.png", (128, 128, 3))
    said = house.add(coloured)
    assert said.code == 1 and "not-a-picture" in said.err
    code, _, err = _label(capsys, "yolo", coloured)
    assert code == 1 and "no format of labels" in err and "coco, voc, dota" in err
    code, _, err = _label(capsys, "coco", coloured, "--class", "a=tank")
    assert code == 1 and "not NAME=CLASS" in err
