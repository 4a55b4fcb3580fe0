"""Which scenes files, folders and STAC documents name, and what is refused or set aside."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from components.inference.batch.collecting import collect
from components.inference.errors import BadCollection, NoAnswers, NothingToPredict

SAYS = {"sar:polarizations": ["VV", "VH"], "fusar:scale": "linear", "datetime": "2024-05-01T00:00:00Z"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as `fusar data add` makes it, with one scene that no item describes."""
    folder = tmp_path / "data"
    for name in ("scenes", "items"):
        (folder / name).mkdir(parents=True)
    for scene in ("brest", "anvers", "unknown"):
        (folder / f"scenes/{scene}.tif").write_bytes(b"never opened here")
    for scene in ("brest", "anvers"):
        (folder / f"items/{scene}.json").write_text(json.dumps(item(f"../scenes/{scene}.tif")))
    return folder


def item(href: str, name: str = "backscatter", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": SAYS | properties, "assets": {name: {"href": href}}}


def document(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def names(*sources: Path) -> list[str]:
    return [scene.scene_id for scene in collect(sources, "", "").scenes]


def test_a_folder_gives_its_scenes_with_what_their_items_say_and_sets_the_undescribed_aside(data: Path) -> None:
    collected = collect([data], "", "")
    assert [scene.scene_id for scene in collected.scenes] == ["anvers", "brest"]
    scene = collected.scenes[0]
    assert (scene.bands.polarizations, scene.bands.scale) == (("VV", "VH"), "linear")
    assert scene.datetime == "2024-05-01T00:00:00Z"
    (aside,) = collected.set_aside
    assert aside.file.endswith("unknown.tif") and "--polarizations" in aside.reason
    assert names(data / "scenes") == ["anvers", "brest"]


def test_what_a_person_says_holds_for_all_scenes(data: Path) -> None:
    collected = collect([data], "hh", "decibel")
    assert {(scene.bands.polarizations, scene.bands.scale) for scene in collected.scenes} == {(("HH",), "decibel")}
    assert len(collected.scenes) == 3 and not collected.set_aside


def test_a_collection_an_item_and_a_feature_collection_name_the_same_scenes(data: Path) -> None:
    links = [{"rel": "item", "href": f"items/{scene}.json"} for scene in ("anvers", "brest")]
    links += [{"rel": "self", "href": "https://example.org/c.json"}]
    # Items lead to ../scenes, which is below the collection's own folder.
    assert names(document(data / "collection.json", {"type": "Collection", "links": links})) == ["anvers", "brest"]
    features = [item(f"scenes/{scene}.tif", "vv") for scene in ("anvers", "brest")]
    table = document(data / "table.json", {"type": "FeatureCollection", "features": features})
    assert names(table) == ["anvers", "brest"]
    assert names(document(data / "one.json", item("scenes/brest.tif"))) == ["brest"]


def test_a_circle_of_catalogs_ends(data: Path) -> None:
    links = [{"rel": "child", "href": "b.json"}, {"rel": "item", "href": "items/brest.json"}]
    document(data / "b.json", {"type": "Catalog", "links": [{"rel": "child", "href": "a.json"}]})
    assert names(document(data / "a.json", {"type": "Catalog", "links": links})) == ["brest"]


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("../../outside.tif", "outside of its folder"),
        ("/etc/hostname", "outside of its folder"),
        ("https://127.0.0.1:9/x.tif", "only files beside it"),
        ("/vsicurl/http://127.0.0.1:9/x.tif", "only files beside it"),
    ],
)
def test_a_collection_leads_nowhere_outside_of_its_folder(data: Path, href: str, said: str) -> None:
    (data.parent.parent / "outside.tif").write_bytes(b"")
    with pytest.raises(BadCollection, match=said):
        collect([document(data / "bad.json", item(href))], "", "")


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "Topology"}', '{"type": "Feature"}'])
def test_what_is_no_stac_is_said_by_name(data: Path, content: str) -> None:
    path = data / "bad.json"
    path.write_text(content)
    with pytest.raises(BadCollection, match=r"bad\.json: is no STAC"):
        collect([path], "", "")


def test_two_scenes_of_one_name_are_told_apart_by_setting_the_second_aside(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "brest.tif"
    other.write_bytes(b"another")
    collected = collect([data / "scenes/brest.tif", other], "VV", "linear")
    assert [scene.path for scene in collected.scenes] == [data / "scenes/brest.tif"]
    assert "Rename one of them" in collected.set_aside[0].reason
    assert len(collect([data / "scenes/brest.tif"] * 2, "VV", "linear").scenes) == 1


def test_an_empty_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(NothingToPredict, match="no scene in it"):
        collect([tmp_path], "", "")
    aside = collect([tmp_path / "gone.tif"], "VV", "linear").set_aside
    assert "there is no such file" in aside[0].reason


@pytest.mark.parametrize(
    "error", [BadCollection(Path("c.json"), "it is none"), NothingToPredict(("a",)), NoAnswers(("b", "c"))]
)
def test_errors_survive_pickling(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
