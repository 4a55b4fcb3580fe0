"""A restore rehearsed: the repository is lost, and one made of its backup answers every question as before."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.backup.errors import NoBackup, NoPlace, NotEmpty, NotOurs
from components.backup.keeping import back_up
from components.backup.points import POINTS, newest_point
from components.backup.restoring import restore
from components.revisions.home import Home
from tests.conftest import ROOT, Demo


def answers(root: Path) -> dict[str, str]:
    """What a repository says to every question of lineage (`asking.py`)."""
    command = [sys.executable, "-m", "tests.components.backup.asking", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_every_question_of_lineage_is_answered_as_before(demo: Demo, tmp_path: Path) -> None:
    original = Path(shutil.copytree(demo.clone.root, tmp_path / "original", symlinks=True))
    rehearse(original, tmp_path / "backup", tmp_path / "again")


def rehearse(original: Path, folder: Path, again: Path) -> None:
    from components.installation.examination import installation_at
    from components.installation.mending import mend

    list(mend(installation_at(original, {})))
    before = answers(original)
    assert all(text.startswith("0 {") for text in before.values()), before
    first = back_up(Home(original), folder)
    sizes = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    second = back_up(Home(original), folder)
    copied = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime_ns != sizes.get(path)]
    assert all(POINTS in path.parts for path in copied), "what was copied once is not copied again"
    assert first.objects == second.objects and first.artifacts == second.artifacts
    original.rename(original.with_name("lost"))
    restore(folder, again)
    assert answers(again) == before


@pytest.fixture
def kept(tmp_path: Path, empty_store: Path, built_house: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A small house with a store, and its backup."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    house = Path(shutil.copytree(built_house, tmp_path / "house", symlinks=True))
    shutil.copy(empty_store, house / "mlruns/mlflow.db")
    (house / "mlruns/artifacts/1").mkdir(parents=True)
    (house / "mlruns/artifacts/1/note.txt").write_text("an artifact")
    (house / ".fusar/locks").mkdir(parents=True, exist_ok=True)
    (house / ".fusar/locks/laptop.lock").write_text("schema: '2.0'\n")
    back_up(Home(house), tmp_path / "backup")
    return house, tmp_path / "backup"


def test_a_restored_repository_has_every_ref_object_artifact_and_lock(kept, tmp_path):
    house, folder = kept
    again = tmp_path / "again"
    restore(folder, again)
    from components.lineage.journal import journal_url
    from components.revisions.git import dirty_files, git

    refs = ("for-each-ref", "--format=%(objectname) %(refname)")
    assert git(again, *refs) == git(house, *refs)
    assert git(again, "symbolic-ref", "HEAD") == git(house, "symbolic-ref", "HEAD")
    assert dirty_files(again) == ()
    for part in (".fusar/remote/files", "mlruns/artifacts"):
        names = sorted(path.relative_to(house / part) for path in (house / part).rglob("*") if path.is_file())
        assert names
        assert all((again / part / name).read_bytes() == (house / part / name).read_bytes() for name in names)
    assert (again / ".fusar/locks/laptop.lock").read_text() == "schema: '2.0'\n"
    assert journal_url(again) == str(again / ".fusar/remote")


def test_nothing_is_restored_over_anything(kept, tmp_path):
    (tmp_path / "again").mkdir()
    (tmp_path / "again/mine.txt").write_text("mine")
    with pytest.raises(NotEmpty, match="is not empty"):
        restore(kept[1], tmp_path / "again")


def test_a_backup_that_was_cut_short_counts_for_nothing_and_the_one_before_it_does(kept):
    point = newest_point(kept[1])[1]
    (kept[1] / POINTS / "99991231T000000.000000Z").mkdir()
    assert newest_point(kept[1])[1] == point
    with pytest.raises(NoBackup, match="holds no whole backup"):
        newest_point(kept[1] / "objects")


@pytest.mark.parametrize("part", ["object", "artifact", "bundle", "lost object"])
def test_a_changed_file_of_a_backup_is_named_and_nothing_is_taken_for_whole(kept, tmp_path, part):
    folder = kept[1]
    places = {"artifact": "artifacts/1/*", "bundle": "points/*/*.bundle"}
    file = sorted(folder.glob(places.get(part, "objects/*/*")))[0]
    if part == "lost object":
        file.unlink()
    else:
        file.chmod(0o644)
        file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(NoBackup, match=os.fspath(file.name)):
        restore(folder, tmp_path / "again")


def test_a_store_on_a_server_is_not_ours_to_copy(kept, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:hunter2@db.example/mlflow")
    with pytest.raises(NotOurs, match=r"db\.example") as raised:
        back_up(Home(kept[0]), tmp_path / "other")
    assert "hunter2" not in str(raised.value)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("where", ["house/.fusar/remote", "house/new", "file/in/it", "/proc/none"])
def test_a_place_that_is_none_is_named_and_nothing_is_written(where: str, tmp_path: Path) -> None:
    (tmp_path / "house/mlruns").mkdir(parents=True)
    (tmp_path / "house/mlruns/mlflow.db").touch()
    (tmp_path / "file").touch()
    with pytest.raises(NoPlace, match="no place for a backup"):
        back_up(Home(tmp_path / "house"), tmp_path / where)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "house"]
