"""`fusar data list` in a repository with DVC: what it says, and what changed since a commit."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.scenes.generated import scene_id, write_scene
from benchmarks.scenes.listing import build
from cli.app import main

A, B, C, D, E = (scene_id(number) for number in range(5))
List = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build(tmp_path / "house", 4)
    monkeypatch.chdir(tmp_path / "house")
    return tmp_path / "house"


@pytest.fixture
def listed(repository: Path, capsys: pytest.CaptureFixture[str]) -> List:
    def run(*options: str, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["data", "list", *options])
        said = capsys.readouterr()
        assert (ended.value.code or 0) == code, said.err
        return said.err if code else said.out

    return run


def test_it_lists_by_time_and_sensor_and_writes_what_it_lists(repository: Path, listed: List) -> None:
    assert listed("--sensor", "umbra-05") == f"{B}  2021-01-01T01:00:00Z  umbra-05  VV  generated\n1 scenes.\n"
    (repository / "data/items/cut.json").write_text("{")
    found = json.loads(listed("--time", "2021-01-01T02:00:00/..", "--json"))
    assert [scene["id"] for scene in found["scenes"]] == [C, D] and found["broken"][0]["item"] == "cut.json"
    assert listed("--output", "all.parquet") == "all.parquet: 4 scenes.\n"
    assert pq.read_table("all.parquet")["id"].to_pylist() == [A, B, C, D]
    assert "2021-13" in listed("--time", "2021-13", code=1)


def test_it_tells_what_was_added_altered_and_removed_since_a_commit(repository: Path, listed: List) -> None:
    assert listed("--changed", "HEAD") == "0 scenes, 0 removed.\n"
    write_scene(repository / "data", 4)
    (repository / f"data/items/{A}.json").unlink()
    (repository / f"data/scenes/{B}.tif").unlink()
    (repository / f"data/scenes/{C}.tif").write_text("other pixels")
    (repository / "data/scenes/nobody.tif").write_text("of no scene")
    lines = listed("--changed", "HEAD").splitlines()
    changed = [("altered", B), ("altered", C), ("added", E), ("removed", A)]
    assert [tuple(line.split()[:2]) for line in lines[:-1]] == changed and lines[-1] == "3 scenes, 1 removed."
    found = json.loads(listed("--changed", "HEAD", "--sensor", "umbra-05", "--json"))
    assert [(scene["change"], scene["id"]) for scene in found["scenes"]] == [("altered", B), ("added", E)]
    assert found["removed"] == [A]


def test_a_commit_whose_data_cannot_be_told_is_named(repository: Path, listed: List) -> None:
    assert "nowhere" in listed("--changed", "nowhere", code=1)
    for kept in (repository / ".dvc/cache").rglob("*.dir"):
        kept.unlink()
    assert "neither in the DVC cache nor in the remote" in listed("--changed", "HEAD", code=1)
