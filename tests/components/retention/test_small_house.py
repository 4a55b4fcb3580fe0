"""Garbage of a small house, which has no versions: age, locks, open retrains, and what a worker leaves."""

import hashlib
import json
import os
import shutil
import socket
import time
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from cli.app import main
from components.lineage.versions import open_registry
from components.retention.collecting import collect
from components.revisions.data_commits import REFS, asked_file, commit_data
from components.revisions.git import blob, git, resolve
from components.revisions.home import Home
from components.revisions.lock import keep, read_lock
from components.tracking.runs import Tracking

LONG_AGO = time.time() - 100 * 86400


@pytest.fixture
def house(tmp_path: Path, run_house: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything in it is a hundred days old, and its stages have run; its lock is kept nowhere."""
    for name in ("MLFLOW_TRACKING_URI", "FUSAR_MEMO", "FUSAR_CHECKPOINTS"):
        monkeypatch.delenv(name, raising=False)
    house = Path(shutil.copytree(run_house, tmp_path / "house", symlinks=True))
    shutil.copy(empty_store, house / "mlruns/mlflow.db")
    (house / "dvc.lock").rename(tmp_path / "dvc.lock")
    for path in (".fusar/logs/laptop/cut.log", ".fusar/checkpoints/ab/abc", ".fusar/remote/leases/key/1.json"):
        (house / path).parent.mkdir(parents=True, exist_ok=True)
        (house / path).write_text("old")
    (house / ".dvc/cache/files/md5/ab").mkdir(exist_ok=True)
    (house / ".dvc/cache/files/md5/ab/tmpfile").write_text("half an object")
    for path in house.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".git/" not in str(path):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return house


def gone(house: Path, *, is_dry: bool = False, days: float = 14.0) -> dict[str, int]:
    """How many items of each kind and place a collection takes."""
    said = collect(Home(house), open_registry(house), days, is_dry=is_dry)
    return {f"{each.kind} {each.place.split('/')[-1]}": len(each.items) for each in said.garbage if said.goes(each)}


def outputs(house: Path) -> set[str]:
    """The md5s of what its stages wrote, but for the pieces: their bytes are those of the data."""
    outs = [out for entry in read_lock(house.parent / "dvc.lock").values() for out in entry["outs"]]
    return {out["md5"] for out in outs if not out["path"].endswith("pieces")}


def has(house: Path, md5: str) -> bool:
    return (house / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).exists()


def test_what_nobody_names_goes_and_the_data_of_the_branch_stays(house):
    (data,) = (line.split()[-1] for line in (house / "data.dvc").read_text().splitlines() if "md5: " in line)
    found = gone(house)
    assert found["run-cache cache"] == 3
    assert found["objects cache"] >= len(outputs(house))
    assert (found["logs logs"], found["checkpoints checkpoints"], found["leases leases"]) == (1, 1, 1)
    assert not any(has(house, md5) for md5 in outputs(house))
    assert not (house / ".dvc/cache/files/md5/ab/tmpfile").exists()
    assert has(house, data)
    assert set(gone(house).values()) == {0}


def test_what_a_kept_lock_names_stays_and_its_remembered_runs_too(house):
    keep(Home(house), "laptop", read_lock(house.parent / "dvc.lock"))
    found = gone(house)
    assert (found["run-cache cache"], found["objects cache"]) == (0, 1)
    assert all(has(house, md5) for md5 in outputs(house))


def test_one_young_remembered_run_keeps_what_it_restores(house):
    files = [path for path in (house / ".dvc/cache/runs").rglob("*") if path.is_file()]
    young = next(file for file in files if "path: outputs/total/total.json" in file.read_text())
    os.utime(young)
    gone(house)
    total = read_lock(house.parent / "dvc.lock")["total"]
    assert all(has(house, out["md5"]) for out in total["outs"])
    assert not all(has(house, md5) for md5 in outputs(house))
    assert [file for file in files if file.exists()] == [young]


@pytest.mark.parametrize("who", ["profile", "stage on a worker", "machine elsewhere"])
def test_objects_wait_for_a_retrain_that_is_open(house, who, monkeypatch):
    home = Home(house)
    home.locks.mkdir(parents=True, exist_ok=True)
    if who == "profile":
        with home.busy("laptop"):
            found = gone(house)
            assert "logs logs" in found
            assert (house / ".fusar/logs/laptop/cut.log").exists(), "its log is being written"
    elif who == "stage on a worker":
        with FileLock(home.locks / "0123456789ab-laptop.use"):
            found = gone(house)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "gethostname", lambda: "elsewhere")
            tracking = Tracking(house)
            run = tracking.start_retrain_run("c" * 40, "laptop", "flow")
        found = gone(house)
        tracking.finish_retrain_run(run, "FINISHED")
    assert not any(name.startswith(("objects", "run-cache", "leases", "checkpoints")) for name in found)
    assert all(has(house, md5) for md5 in outputs(house))
    gone(house)
    assert not any(has(house, md5) for md5 in outputs(house))


def test_a_person_sees_first_what_would_go(house, monkeypatch, capsys):
    monkeypatch.chdir(house)
    with pytest.raises(SystemExit) as ended:
        main(["gc", "--json"])
    assert ended.value.code == 0
    rows = json.loads(capsys.readouterr().out)["garbage"]
    objects = next(row for row in rows if (row["kind"], row["place"]) == ("objects", "cache"))
    assert objects["garbage"] > 0 and objects["garbage_bytes"] > 0 and not objects["removed"]
    assert all(has(house, md5) for md5 in outputs(house))
    with pytest.raises(SystemExit):
        main(["gc", "--yes"])
    said = capsys.readouterr().out
    assert "removed" in said and said.splitlines()[-1] == "Next: fusar lineage verify"
    assert not any(has(house, md5) for md5 in outputs(house))


def test_new_scenes_stay_while_a_retrain_of_them_may_run_and_go_with_the_last_who_needs_them(house, tmp_path):
    home = Home(house)
    (tmp_path / "incoming/scenes").mkdir(parents=True)
    (tmp_path / "incoming/scenes/new.tif").write_text("pixels of nobody else")
    commit = commit_data(home, resolve(house, "HEAD"), tmp_path / "incoming", "a scene")
    ref = git(house, "for-each-ref", "--format=%(refname)", REFS).decode().strip()
    pixels = hashlib.md5(b"pixels of nobody else", usedforsecurity=False).hexdigest()
    manifest = yaml.safe_load(blob(house, commit, "data.dvc"))["outs"][0]["md5"]

    def is_there() -> bool:
        assert has(house, pixels) == bool(git(house, "for-each-ref", ref))
        return has(house, pixels)

    assert gone(house)["data commits data"] == 0 and is_there(), "it is young"
    with home.busy("laptop"):
        assert "data commits data" not in gone(house, days=0) and is_there(), "a retrain is open"
    keep(home, "laptop", {"cut": {"cmd": "", "deps": [{"path": "data", "md5": manifest}]}})
    assert gone(house, days=0)["data commits data"] == 0 and is_there(), "a lock names its data"
    (home.locks / "laptop.lock").unlink()
    os.utime(asked_file(home, ref), (time.time() + 100, time.time() + 100))
    assert gone(house, days=0)["data commits data"] == 0 and is_there(), "somebody has just asked for it"
    os.utime(asked_file(home, ref), (LONG_AGO, LONG_AGO))
    assert gone(house, days=0, is_dry=True)["data commits data"] == 1 and is_there()
    assert gone(house, days=0)["data commits data"] == 1 and not is_there()
    assert not asked_file(home, ref).exists() and git(house, "for-each-ref", REFS) == b""
