import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.stage_run import DVC
from tests.small_house import run

GRAPH = "stages:\n  copy: {cmd: cp -r from to, deps: [from], outs: [to]}\n"


def dvc(folder: Path, *commands: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*DVC, json.dumps(commands)], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("asks", [["repro", "--single-item", "--pull", "copy"], ["pull", "copy"]])
def test_a_wrong_object_of_the_remote_is_named_and_nothing_is_run_or_written(asks, tmp_path):
    folder = tmp_path / "repository"
    (folder / "from").mkdir(parents=True)
    (folder / "from/a").write_text("what was made")
    (folder / "dvc.yaml").write_text(GRAPH)
    run(tmp_path, "git", "init", "--quiet", "repository")
    settings = ("core.remote=store", f"remote.store.url={tmp_path / 'store'}", "remote.store.verify=true")
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    made = dvc(folder, *(["config", *setting.split("=")] for setting in settings), ["repro"], ["push", "--run-cache"])
    assert made.returncode == 0, made.stderr
    shutil.rmtree(folder / ".dvc/cache")
    shutil.rmtree(folder / "to")
    if asks[0] == "repro":
        (folder / "dvc.lock").unlink()
    (wrong,) = [path for path in (tmp_path / "store/files").rglob("*") if path.is_file() and path.suffix != ".dir"]
    wrong.chmod(0o644)
    wrong.write_text("what was put there")
    wrong.chmod(0o444)  # a folder's objects are trusted then, as those of a bucket always are
    refused = dvc(folder, asks)
    assert refused.returncode != 0
    assert f"{wrong}: its bytes are not those of its digest" in refused.stderr
    assert "Running stage" not in refused.stdout
    assert not (folder / "to").exists()
    wrong.unlink()
    (folder / "dvc.lock").unlink(missing_ok=True)  # as a retrain has it for a stage that is to run
    again = dvc(folder, ["repro", "--single-item", "--pull", "copy"])
    assert again.returncode == 0, again.stderr
    assert (folder / "to/a").read_text() == "what was made"


def test_what_the_cache_holds_whole_is_linked_and_the_rest_is_left_to_pull(tmp_path):
    folder = tmp_path / "repository"
    (folder / "from").mkdir(parents=True)
    for name in "ab":
        (folder / f"from/{name}").write_text(f"content {name}")
    (folder / "dvc.yaml").write_text(GRAPH)
    run(tmp_path, "git", "init", "--quiet", "repository")
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    made = dvc(folder, ["config", "cache.type", "hardlink"], ["repro"])
    assert made.returncode == 0, made.stderr
    shutil.rmtree(folder / "to")
    linked = dvc(folder, ["link", "to"])
    assert linked.returncode == 0, linked.stderr
    objects = {path.stat().st_ino: path for path in (folder / ".dvc/cache/files").rglob("*") if path.is_file()}
    assert {path.name for path in (folder / "to").iterdir() if path.stat().st_ino in objects} == {"a", "b"}
    missing = objects[(folder / "to/b").stat().st_ino]
    shutil.rmtree(folder / "to")
    missing.unlink()
    linked = dvc(folder, ["link", "to"])
    assert linked.returncode == 0, linked.stderr
    assert not (folder / "to").exists()  # half a folder would be taken for the whole one


def test_a_result_that_could_not_be_shared_is_an_error_and_the_next_push_shares_it(tmp_path):
    folder, store = tmp_path / "repository", tmp_path / "store"
    (folder / "from").mkdir(parents=True)
    (folder / "from/a").write_text("what was made")
    (folder / "dvc.yaml").write_text(GRAPH)
    run(tmp_path, "git", "init", "--quiet", "repository")
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    store.mkdir()
    (store / "runs").write_text("a file where entries of the run-cache belong")
    settings = (["config", "core.remote", "store"], ["config", "remote.store.url", str(store)])
    lost = dvc(folder, *settings, ["repro"], ["push", "--run-cache", "copy"])
    assert lost.returncode != 0
    assert f"{store}/runs" in lost.stderr
    (store / "runs").unlink()
    assert dvc(folder, ["push", "--run-cache", "copy"]).returncode == 0
    assert [path for path in (store / "runs").rglob("*") if path.is_file()]


def test_an_input_that_the_command_changes_is_hashed_again(tmp_path):
    folder = tmp_path / "repository"
    (folder / "from").mkdir(parents=True)
    (folder / "from/a").write_text("before")
    run(tmp_path, "git", "init", "--quiet", "repository")
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    command = "cp -r from to && printf after > from/a"
    (folder / "dvc.yaml").write_text(GRAPH.replace("cp -r from to", command))
    made = dvc(folder, ["repro", "--single-item", "--pull", "copy"])
    assert made.returncode == 0, made.stderr
    assert dvc(folder, ["status", "--json"]).stdout.splitlines()[-1] == "{}", "the lock holds what is there now"
    assert (folder / "to/a").read_text() == "before"
