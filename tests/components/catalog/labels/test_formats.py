"""Each format, written as its document says, against boxes counted by hand."""

import json

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer

from tests.components.catalog.labels.conftest import TURNED, codes

SHIP, PLANE = [20, 30, 40, 36], [60, 70, 75, 90]


def _coco(name: str, size: tuple[int, int], **changes) -> dict:
    annotations = [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [20, 30, 20, 6], "segmentation": [[20, 30, 40, 30, 40, 36]]},
        {"id": 2, "image_id": 7, "category_id": 5, "bbox": [60, 70, 15, 20], "iscrowd": 0},
    ]
    images = [{"id": 7, "file_name": f"JPEGImages/{name}.jpg", "height": size[0], "width": size[1]}]
    categories = [{"id": 3, "name": "Ship"}, {"id": 5, "name": "plane"}]
    return {"images": images, "annotations": annotations, "categories": categories} | changes


def _voc(objects: str, size: str = "<size><width>128</width><height>128</height><depth>1</depth></size>") -> str:
    return f"<annotation><filename>other.jpg</filename>{size}{objects}</annotation>"


VOC_SHIP = (
    "<object><name>ship</name><difficult>0</difficult>"
    "<bndbox><xmin>21</xmin><ymin>31</ymin><xmax>40</xmax><ymax>36</ymax></bndbox></object>"
)


def _pixels(boxes) -> list[tuple[str, list[float]]]:
    """Rounded to a hundredth of a pixel: a scene with a place keeps its labels in degrees."""
    return [(category, [round(edge, 2) for edge in box]) for category, box in boxes]


def test_coco_boxes_reach_a_rotated_scene_and_one_without_a_place(room) -> None:
    both = _coco("placed", (128, 128))
    both["images"].append({"id": "b", "file_name": "nowhere.png", "height": 100, "width": 120})
    assert codes(room.label("coco", room.write("all.json", both))) == ["labelled", "labelled"]
    assert _pixels(room.boxes("placed"))[0][0] == "ship"
    # The box of a rotated rectangle is the rectangle itself only in the picture's own pixels: so it must come back.
    assert _pixels(room.boxes("placed")) == [("ship", SHIP), ("aircraft", PLANE)]
    assert room.boxes("nowhere") == []  # in the list and without annotations: labelled as holding none


def test_voc_counts_from_one_and_its_box_holds_both_ends(room) -> None:
    room.write("voc/placed.xml", _voc(VOC_SHIP))
    room.write("voc/nowhere.xml", _voc("", ""))
    assert codes(room.label("voc", room.own / "voc")) == ["labelled", "labelled"]
    assert _pixels(room.boxes("placed")) == [("ship", SHIP)] and room.boxes("nowhere") == []


def test_dota_oriented_boxes_keep_their_corners(room) -> None:
    text = "imagesource:GoogleEarth\ngsd:0.5\n30 10 50 30 40 40 20 20 ship 0\n60 70 75 70 75 90 60 90 plane 1\n"
    assert codes(room.label("dota", room.write("labelTxt/placed.txt", text))) == ["labelled"]
    assert _pixels(room.boxes("placed")) == [("ship", [20, 10, 50, 40]), ("aircraft", PLANE)]
    features = json.loads((room.data / "objects/placed.geojson").read_text())["features"]
    lon, lat = np.array(features[0]["geometry"]["coordinates"][0]).T
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32631", always_xy=True).transform(lon, lat)
    cols, rows = np.array([~TURNED @ point for point in zip(x, y, strict=True)]).T
    np.testing.assert_allclose(
        np.column_stack([cols, rows]), [(30, 10), (50, 30), (40, 40), (20, 20), (30, 10)], atol=1e-3
    )


def test_geojson_needs_a_place_and_keeps_lengths(room) -> None:
    x, y = np.array([TURNED @ corner for corner in ((20, 30), (40, 30), (40, 36), (20, 36), (20, 30))]).T
    ring = np.column_stack(Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True).transform(x, y)).tolist()
    feature = {
        "type": "Feature",
        "properties": {"class": "tanker", "length_m": 200.0},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    content = {"type": "FeatureCollection", "features": [feature]}
    for name in ("placed", "nowhere"):
        room.write(f"geo/{name}.geojson", content)
    assert codes(room.label("geojson", room.own / "geo")) == ["unknown-class", "unknown-class"]
    assert codes(room.label("geojson", room.own / "geo", tanker="ship")) == ["broken-labels", "labelled"]
    assert _pixels(room.boxes("placed")) == [("ship", SHIP)]
    written = json.loads((room.data / "objects/placed.geojson").read_text())["features"]
    assert written[0]["properties"] == {"category": "ship", "length_m": 200.0}
    room.write("geo/placed.geojson", content | {"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::32631"}}})
    (refused,) = room.label("geojson", room.own / "geo/placed.geojson", tanker="ship")
    assert "ogr2ogr" in refused.reason


def _mask(room, name: str) -> None:
    """Two ships that touch at a corner, one of them in two pieces, and one of its own."""
    pixels = np.zeros((100, 120, 3), np.uint8)
    pixels[10:20, 10:20] = pixels[10:20, 30:40] = (0, 255, 0)
    pixels[20:30, 20:30] = (0, 0, 9)
    pixels[60:61, 60:100] = (7, 0, 0)
    (room.own / "masks").mkdir(exist_ok=True)
    Image.fromarray(pixels).save(room.own / f"masks/{name}")


def test_masks_by_colour_join_pieces_and_part_what_touches(room) -> None:
    _mask(room, "nowhere_id.png")
    assert codes(room.label("mask-colours", room.own / "masks", "_id")) == ["unknown-class"]
    assert codes(room.label("mask-colours", room.own / "masks", "_id", instance="ship")) == ["labelled"]
    boxes = sorted(box for _, box in room.boxes("nowhere"))
    assert boxes == [[10, 10, 40, 20], [20, 20, 30, 30], [60, 60, 100, 61]]


def test_masks_by_component_part_pieces_and_name_classes_by_their_colour(room) -> None:
    _mask(room, "nowhere.png")
    said = {"0,255,0": "ship", "0,0,9": "", "7,0,0": "bridge"}
    assert codes(room.label("mask-components", room.own / "masks", **said)) == ["labelled"]
    expected = [("bridge", [60, 60, 100, 61]), ("ship", [10, 10, 20, 20]), ("ship", [30, 10, 40, 20])]
    assert sorted(room.boxes("nowhere")) == expected


def test_pixels_that_touch_at_a_corner_are_one_component(room) -> None:
    pixels = np.zeros((100, 120), np.uint8)
    pixels[10, 10] = pixels[11, 11] = 255
    Image.fromarray(pixels).save(room.own / "nowhere.png")
    room.label("mask-components", room.own / "nowhere.png", **{"255,255,255": "ship"})
    assert room.boxes("nowhere") == [("ship", [10, 10, 12, 12])]


def _record(image: str, answer, **more) -> str:
    return json.dumps(
        {"image": f"images/{image}.png", "question": "<image>Detect all ships.", "answer": answer, **more}
    )


def test_chat_records_are_stretched_from_their_declared_square_and_may_leave_the_frame(room) -> None:
    boxes = [{"bbox_2d": [42, 126, 84, 252], "label": "ship"}, {"bbox_2d": [-35, 0, 42, 50.4], "label": "plane"}]
    lines = [
        _record("nowhere", json.dumps(boxes), coordinate_size=504, id="a"),
        _record("nowhere", "There are two ships.", coordinate_size=504),
        _record("nowhere", "```json\n" + json.dumps(boxes[:1]) + "\n```", coordinate_size=504),
        _record("placed", "None"),
    ]
    assert codes(room.label("chat", room.write("train.jsonl", "\n".join(lines)))) == ["labelled", "labelled"]
    scale = np.array([120, 100, 120, 100]) / 504
    assert [category for category, _ in room.boxes("nowhere")] == ["ship", "aircraft"]
    for (_, found), given in zip(room.boxes("nowhere"), boxes, strict=True):
        np.testing.assert_allclose(found, np.array(given["bbox_2d"]) * scale, atol=1e-3)
    assert room.boxes("placed") == []


def test_a_chat_answer_may_be_json_and_the_file_a_list(room) -> None:
    record = {"image": "nowhere.png", "answer": [{"bbox_2d": [20, 30, 40, 36], "label": "ship"}]}
    assert codes(room.label("chat", room.write("all.json", [record]))) == ["labelled"]
    assert room.boxes("nowhere") == [("ship", SHIP)]


ONE = {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
BAD = {
    "coco": [
        ("not-json", "{"),
        ("nan", json.dumps(_coco("placed", (128, 128))).replace("20, 30, 20, 6", "NaN, 30, 20, 6")),
        ("no-width", json.dumps(_coco("placed", (128, 128), annotations=[ONE | {"bbox": [1, 2, 0, 4]}]))),
        ("no-category", json.dumps(_coco("placed", (128, 128), categories=[]))),
        ("no-image", json.dumps(_coco("placed", (128, 128), images=[]))),
        ("crowd", json.dumps(_coco("placed", (128, 128), annotations=[ONE | {"iscrowd": 1}]))),
        ("deep", "[" * 100_000),
    ],
    "voc": [
        ("bomb", '<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]>' + _voc("<object><name>&d;</name></object>")),
        ("file", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + _voc("<object><name>&b;</name></object>")),
        ("cut", _voc(VOC_SHIP)[:100]),
        ("no-box", _voc("<object><name>ship</name></object>")),
        ("words", _voc(VOC_SHIP.replace(">21<", ">x<"))),
        ("infinite", _voc(VOC_SHIP.replace(">21<", ">inf<"))),
        ("reversed", _voc(VOC_SHIP.replace(">40<", ">4<"))),
    ],
    "dota": [("few", "1 2 3 4 ship\n"), ("words", "a 2 3 4 5 6 7 8 ship 0\n"), ("nan", "nan 2 3 4 5 6 7 8 ship 0\n")],
    "geojson": [("point", json.dumps({"type": "FeatureCollection", "features": [{"geometry": {"type": "Point"}}]}))],
    "chat": [("other", json.dumps({"image": "placed.png", "answer": "3"})), ("line", "{}\n{")],
}  # fmt: skip


@pytest.mark.parametrize(("form", "name", "text"), [(form, *case) for form, cases in BAD.items() for case in cases])
def test_what_a_format_does_not_allow_is_named_and_set_aside(room, form: str, name: str, text: str) -> None:
    suffix = {"coco": "json", "voc": "xml", "dota": "txt", "geojson": "geojson", "chat": "jsonl"}[form]
    outcomes = room.label(form, room.write(f"placed.{suffix}", text))
    assert codes(outcomes) == ["broken-labels"]
    assert "passwd" not in outcomes[0].reason.replace(str(room.own), "")
    assert not (room.data / "objects").exists()


def test_a_broken_file_of_a_folder_does_not_keep_the_others_out(room) -> None:
    room.write("voc/a.xml", "<")
    room.write("voc/placed.xml", _voc(VOC_SHIP))
    assert codes(room.label("voc", room.own / "voc")) == ["broken-labels", "labelled"]


@pytest.mark.parametrize("name", ["placed.jpg", "truncated.png", "photograph.png"])
def test_pictures_that_are_no_masks_are_refused(room, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 120, 3), dtype=np.uint8)
    path = room.own / name.replace(".jpg", ".png")
    if name == "placed.jpg":
        Image.fromarray(noise).save(path, format="JPEG")
    else:
        Image.fromarray(noise).save(path)
    if name == "truncated.png":
        path.write_bytes(path.read_bytes()[:500])
    assert codes(room.label("mask-components", path)) == ["broken-labels"]


def test_labels_of_another_picture_s_size_name_or_of_no_scene_are_set_aside(room) -> None:
    assert codes(room.label("coco", room.write("a.json", _coco("placed", (256, 256))))) == ["other-size"]
    assert codes(room.label("coco", room.write("a.json", _coco("../items/placed", (128, 128))))) == ["labelled"]
    assert codes(room.label("coco", room.write("a.json", _coco("absent", (128, 128))))) == ["no-such-scene"]
    assert codes(room.label("dota", room.write("...txt", ""))) == ["no-such-scene"]


def test_labels_of_a_scene_in_a_local_crs_are_set_aside_and_the_others_come_in(room) -> None:
    pier = 'LOCAL_CS["a pier",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    room.scene("pier", (128, 128), crs=pier, transform=TURNED)
    for name in ("pier", "placed"):
        room.write(f"voc/{name}.xml", _voc(VOC_SHIP))
    assert codes(room.label("voc", room.own / "voc")) == ["unusable-crs", "labelled"]


def test_the_same_labels_again_change_nothing_and_others_are_refused(room) -> None:
    path = room.write("placed.txt", "20 30 40 30 40 36 20 36 ship 0\n")
    assert codes(room.label("dota", path)) == ["labelled"]
    item = room.item_file("placed").read_bytes()
    assert codes(room.label("dota", path)) == ["unchanged"]
    assert room.item_file("placed").read_bytes() == item
    path.write_text("")
    (refused,) = room.label("dota", path)
    assert refused.error is not None and refused.error.code == "labelled-already" and len(room.boxes("placed")) == 1
    assert not room.staging.exists()
