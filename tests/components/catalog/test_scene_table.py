"""The scene table of data/: what it reads, what it holds of items good and broken, and what it answers."""

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import shapely

from benchmarks.scenes.generated import FIRST, item, scene_id, write_scene
from components.catalog.table.asking import Question, answering, broken, open_table, shown, write_selected
from components.catalog.table.index import OWN_COLUMNS, TABLE, refresh
from components.ingestion.items import Scene, read_scene

LONG_AGO = 1_600_000_000


class Catalogue:
    """Items in data/, all written long ago, and the table of them."""

    def __init__(self, root: Path) -> None:
        self.data, self.folder = root / "data", root / "scenes"
        self.reads: list[str] = []

    def has(self, *numbers: int) -> "Catalogue":
        for number in numbers:
            write_scene(self.data, number)
        return self.age()

    def age(self) -> "Catalogue":
        for path in (self.data / "items").iterdir():
            if path.exists():
                os.utime(path, (LONG_AGO, LONG_AGO))
        return self

    def item(self, number: int, change: Callable[[dict[str, Any]], object]) -> "Catalogue":
        """Write the item of a scene, changed."""
        content = item(number)
        change(content)
        (self.data / "items").mkdir(parents=True, exist_ok=True)
        (self.data / f"items/{scene_id(number)}.json").write_text(json.dumps(content))
        return self.age()

    def refresh(self) -> Path:
        def read(item_file: Path, data: Path) -> Scene:
            self.reads.append(item_file.stem)
            return read_scene(item_file, data)

        return refresh(self.data, self.folder, read).path

    def ids(self, **asked: Any) -> list[str]:
        table = open_table(self.refresh())
        return [row["id"] for row in shown(table.filter(answering(table, Question(**asked))))]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


def test_one_new_item_costs_one_item_and_an_unchanged_folder_none(catalogue: Catalogue) -> None:
    assert catalogue.has(*range(20)).ids() == [scene_id(number) for number in range(20)]
    catalogue.reads.clear()
    before = (catalogue.folder / TABLE).stat()
    assert len(catalogue.ids()) == 20
    assert not catalogue.reads and (catalogue.folder / TABLE).stat().st_mtime_ns == before.st_mtime_ns
    assert len(catalogue.has(20).ids()) == 21
    assert catalogue.reads == [scene_id(20)]


def test_an_altered_item_is_read_again_and_a_removed_one_is_gone(catalogue: Catalogue) -> None:
    catalogue.has(0, 1, 2).refresh()
    catalogue.reads.clear()
    catalogue.item(1, lambda content: content["properties"].update(platform="another"))
    (catalogue.data / f"items/{scene_id(2)}.json").unlink()
    assert catalogue.ids(sensor="Another") == [scene_id(1)]
    assert catalogue.ids() == [scene_id(0), scene_id(1)] and catalogue.reads == [scene_id(1)]


def test_other_bytes_of_the_same_size_and_time_are_seen_in_a_file_that_was_young(catalogue: Catalogue) -> None:
    write_scene(catalogue.data, 0)
    path = catalogue.data / f"items/{scene_id(0)}.json"
    catalogue.refresh()
    state = path.stat()
    path.write_text(path.read_text().replace("sentinel-1a", "sentinel-1b"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size and catalogue.ids(sensor="sentinel-1b") == [scene_id(0)]


FLAWS: dict[str, Callable[[dict[str, Any]], object]] = {
    "platform": lambda content: content["properties"].pop("platform"),
    "no-geometry": lambda content: content.update(geometry={"type": "Polygon", "coordinates": "here"}),
    "half-a-character": lambda content: content["properties"].update(title="\ud800"),
    "nested": lambda content: content["properties"].update(more=json.loads("[" * 99 + "]" * 99)),
    "names": lambda content: content["properties"].update({f"n{name}": 0 for name in range(3000)}),
    "box": lambda content: content.update(bbox=["west", 0, 1, 2]),
    "time": lambda content: content["properties"].update(start_datetime="yesterday"),
}


def test_broken_items_are_named_and_hide_no_other(catalogue: Catalogue) -> None:
    catalogue.has(50, 51)
    for number, flaw in enumerate(FLAWS.values()):
        catalogue.item(number, flaw)
    (catalogue.data / "items/cut.json").write_text('{"type": "Fea')
    (catalogue.data / "items/link.json").symlink_to("nowhere.json")
    (catalogue.data / "items/folder.json").mkdir()
    assert catalogue.age().ids() == [scene_id(50), scene_id(51)]
    faults = dict(broken(open_table(catalogue.refresh())))
    assert faults.keys() == {
        *(f"{scene_id(n)}.json" for n in range(len(FLAWS))), "cut.json", "link.json", "folder.json"
    }  # fmt: skip
    assert all(name in problem for name, problem in faults.items())


def test_a_field_of_another_type_than_in_other_items_keeps_none_of_them_out(catalogue: Catalogue) -> None:
    def more(value: Any) -> Callable[[dict[str, Any]], object]:
        return lambda content: content["properties"].update({"my:field": value})

    catalogue.item(0, more(1)).item(1, more("one")).item(2, more({})).refresh()  # at once
    catalogue.item(3, more([1])).item(4, more(2**70)).refresh()  # and one after another
    catalogue.item(5, lambda content: content["assets"]["backscatter"].update(roles="data")).refresh()
    table = pq.read_table(catalogue.refresh())
    assert table["my:field"].to_pylist() == ["1", "one", "{}", "[1]", str(2**70), None]
    assert len(catalogue.ids()) == 6


@pytest.mark.parametrize("flaw", ["garbage", "another table", "another version"])
def test_a_table_that_cannot_be_used_is_made_anew(catalogue: Catalogue, flaw: str) -> None:
    path = catalogue.has(0, 1).refresh()
    if flaw == "garbage":
        path.write_bytes(b"PAR1 and no more")
    else:
        table = pq.read_table(path)
        metadata = {**table.schema.metadata, b"fusar.scene_table": b"0"} if flaw == "another version" else None
        pq.write_table(table.replace_schema_metadata(metadata), path)
    catalogue.reads.clear()
    assert len(catalogue.ids()) == 2 and len(catalogue.reads) == 2


def test_places_touch_footprints_not_boxes_and_go_on_beyond_the_antimeridian(catalogue: Catalogue) -> None:
    catalogue.has(0, 719, 300)  # from -180, from 179.5 to 179.9, from -30
    catalogue.item(1, lambda content: content.update(geometry=None, bbox=None))
    assert catalogue.ids(place=shapely.box(-180, -76, -179, -70)) == [scene_id(0)]
    assert catalogue.ids(place=shapely.box(179, -76, 181, -70)) == [scene_id(0), scene_id(719)]
    assert catalogue.ids(place=shapely.box(-30.1, -75.1, -29.95, -74.95)) == []  # a corner of its box alone
    beyond = shapely.geometry.mapping(shapely.box(179.8, 10, 180.2, 11))
    catalogue.item(2, lambda content: content.update(geometry=beyond))
    for west in (-180, 179.9, 180.1):
        assert catalogue.ids(place=shapely.box(west, 10, west + 0.05, 11)) == [scene_id(2)]


def test_times_are_moments_or_spans(catalogue: Catalogue) -> None:
    hour = dt.timedelta(hours=1)
    span = {"datetime": None, "start_datetime": "2021-01-01T05:00:00Z", "end_datetime": "2021-01-01T09:00:00+02:00"}
    unplaced = {"fusar:georeferenced": False, "fusar:group": "harbour"}
    catalogue.has(0, 1, 2)
    catalogue.item(3, lambda content: content["properties"].update(span | unplaced))
    assert catalogue.ids(start=FIRST + hour, end=FIRST + 2 * hour) == [scene_id(1), scene_id(2)]
    assert catalogue.ids(start=FIRST + 6 * hour) == catalogue.ids(end=FIRST + 5 * hour, start=FIRST + 5 * hour)
    assert catalogue.ids(start=FIRST + 7 * hour) == [scene_id(3)] and not catalogue.ids(start=FIRST + 8 * hour)
    assert len(catalogue.ids()) == 4


def test_what_is_written_is_stac_geoparquet_and_gives_the_items_back(catalogue: Catalogue, tmp_path: Path) -> None:
    rustac = pytest.importorskip("rustac", reason="requirements-dev.lock is not installed")
    path = catalogue.has(*range(6)).refresh()
    chosen = answering(open_table(path), Question(sensor="umbra-05"))
    assert write_selected(path, chosen, tmp_path / "umbra.parquet") == 2
    found = pq.read_table(tmp_path / "umbra.parquet")
    assert not set(OWN_COLUMNS) & set(found.column_names)
    assert json.loads(found.schema.metadata[b"geo"])["primary_column"] == "geometry"
    items = rustac.read_sync(str(tmp_path / "umbra.parquet"))["features"]
    for number, one in zip((1, 4), items, strict=True):
        wanted = json.loads(json.dumps(item(number)))
        assert {**one, "bbox": list(one["bbox"])} == {**wanted, **_unsaid(one, wanted)}


def _unsaid(one: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Members that only the answer has, all of them empty."""
    more = {name: value for name, value in one.items() if name not in wanted}
    assert not any(more.values())
    return more


def test_no_items_are_an_empty_table(catalogue: Catalogue, tmp_path: Path) -> None:
    assert catalogue.ids() == []
    table = open_table(catalogue.refresh())
    assert write_selected(catalogue.refresh(), answering(table, Question(sensor="any")), tmp_path / "none.parquet") == 0
    assert catalogue.has(0).ids() == [scene_id(0)]
