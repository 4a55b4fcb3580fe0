"""A disk that is full, a real one: a small tmpfs under the folder that matters."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from tests.faults.aftermath import kept, open_runs, stage_processes, torn_objects, undisturbed
from tests.faults.commands import Stopped, ran, retrain
from tests.faults.injections import injects

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mount needs root and mount(8)")


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 8 MB at `folder`, with what lay there on it."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename(aside)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    try:
        shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 14))
        except OSError:
            pass
    return ballast


def all_is_well(house: Path, tmp_path: Path) -> None:
    assert kept(house) == undisturbed(house, tmp_path / "twin")
    assert torn_objects(house / ".fusar/remote") == []
    assert open_runs(f"sqlite:///{house}/mlruns/mlflow.db") == []
    assert stage_processes(house.parent / "trace") == []


@injects("disk full while a stage writes", "one command, once there is space", "the stage that wrote")
def test_a_stage_that_fills_the_disk_says_so_and_the_same_command_goes_on(time, house, tmp_path):
    with small_disk(house / ".fusar/worktrees"):
        stopped = Stopped(house, "count")
        ballast = fill(house / ".fusar/worktrees")
        failed = stopped.go_on()
        assert failed.returncode == 1
        assert "No space left on device" in failed.stderr.splitlines()[-1]
        assert "Traceback" not in failed.stderr
        ballast.unlink()
        assert ran(house) == ["cut", "count"]
        done = retrain(house)
        assert (done.returncode, ran(house)) == (0, ["count", "total"]), done.stderr
        all_is_well(house, tmp_path)


@pytest.mark.slow
@injects("disk full while DVC pushes", "one command, once there is space", "the push", times=2)
def test_a_full_remote_is_named_and_what_ran_is_not_run_again(time, house, tmp_path):
    with small_disk(house / ".fusar/remote"):
        stopped = Stopped(house, "count")
        ballast = fill(house / ".fusar/remote")
        failed = stopped.go_on()
        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1].startswith("error: stage count: ")
        assert "Traceback" not in failed.stderr
        ballast.unlink()
        sleep(11)  # half an entry of the run-cache is taken for left over after ten seconds
        assert ran(house) == ["cut", "count"]
        done = retrain(house)
        assert (done.returncode, ran(house)) == (0, ["total"]), done.stderr
        all_is_well(house, tmp_path)
