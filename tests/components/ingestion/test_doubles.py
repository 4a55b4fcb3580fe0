"""One scene under two names: set aside whatever its file looks like, and only if every pixel is the same."""

import shutil

import numpy as np
import pytest

from components.memo.store import MEMO
from components.records.schemas import SET_ASIDE
from components.records.tables import read_table


def aside(catalogue) -> list[tuple[str, str]]:
    rows = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    return [(row["scene_id"], row["code"]) for row in rows]


def cut(catalogue) -> list[str]:
    return sorted(path.stem for path in (catalogue.outputs / "chips").iterdir())


def test_the_second_name_of_a_scene_is_set_aside_and_the_others_go_on(catalogue, config) -> None:
    catalogue.good("a")
    pixels = catalogue.good("m")
    catalogue.raster("scenes/z.tif", pixels, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    catalogue.item("z", platform="sentinel-1b")
    metrics = catalogue.ingest(config)
    assert (metrics["scenes_cut"], metrics["scenes_set_aside"], metrics["chips"]) == (2, 1, 8)
    assert aside(catalogue) == [("z", "same-scene")] and cut(catalogue) == ["a", "m"]
    (row,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert row["file"] == "items/z.json"
    assert row["reason"].startswith("scene m has the same pixels") and "remove data/items/m.json" in row["reason"]


def test_scenes_that_begin_alike_are_two(catalogue, config) -> None:
    pixels = catalogue.good("a")
    pixels[:, 64:] -= 3  # its first row of chips stays
    catalogue.raster("scenes/b.tif", pixels)
    catalogue.item("b")
    assert catalogue.ingest(config)["scenes_cut"] == 2 and aside(catalogue) == []


def test_scenes_out_of_the_memo_are_known_as_the_same(catalogue, config, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv(MEMO, str(tmp_path / "memo"))
    catalogue.good("b")
    shutil.copy(catalogue.data / "scenes/b.tif", catalogue.data / "scenes/c.tif")
    catalogue.item("c")
    catalogue.ingest(config)
    shutil.rmtree(catalogue.outputs)
    capsys.readouterr()
    assert catalogue.ingest(config)["scenes_set_aside"] == 1
    assert "restored from the memo 1" in capsys.readouterr().err
    assert aside(catalogue) == [("c", "same-scene")] and cut(catalogue) == ["b"]
    (catalogue.data / "items/b.json").unlink()  # the person did as the message says
    shutil.rmtree(catalogue.outputs)
    assert catalogue.ingest(config)["scenes_set_aside"] == 0 and cut(catalogue) == ["c"]


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")])
def test_of_three_names_one_is_kept_whatever_came_first(catalogue, config, names) -> None:
    pixels = np.random.default_rng(1).normal(-12, 3, (2, 64, 64)).astype(np.float32)
    for name in names:
        catalogue.raster(f"scenes/{name}.tif", pixels)
        catalogue.item(name)
    catalogue.ingest(config)
    assert aside(catalogue) == [("b", "same-scene"), ("c", "same-scene")] and cut(catalogue) == ["a"]
