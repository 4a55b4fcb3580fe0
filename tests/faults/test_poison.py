"""A wrong object in the store that all workers share, put there by whoever may write to it."""

import shutil
from pathlib import Path

import pytest

from components.revisions.lock import read_lock
from tests.faults.aftermath import kept, undisturbed
from tests.faults.commands import ran, retrain
from tests.faults.injections import injects


def object_of(store: Path, md5: str) -> Path:
    return store / "files/md5" / md5[:2] / md5[2:]


def forget(house: Path) -> None:
    """Leave the house as a machine that has never run anything: no cache, no checkouts, no locks."""
    for path in (".dvc/cache", ".dvc/tmp", ".fusar/worktrees", ".fusar/locks"):
        shutil.rmtree(house / path, ignore_errors=True)


@pytest.mark.slow
@injects(
    "a poisoned run-cache: other bytes under an output's name",
    "one command, once they are removed",
    "the stage",
    times=2,
)
def test_a_wrong_object_is_refused_and_never_becomes_a_model(time, house, tmp_path):
    assert retrain(house).returncode == 0
    expected, remote = kept(house), house / ".fusar/remote"
    counted = object_of(remote, expected["outputs/count/counts.json"])
    counted.chmod(0o644)
    counted.write_text('{"0.txt": 1000000}')
    counted.chmod(0o444)  # as DVC leaves what it has checked; a writable one it would drop by itself
    forget(house)
    ran(house)
    versions = (house / "versions.txt").read_text()
    refused = retrain(house)
    assert refused.returncode == 1
    assert "count" in refused.stderr.splitlines()[-1]
    assert (house / "versions.txt").read_text() == versions
    counted.unlink()
    done = retrain(house)
    assert done.returncode == 0, done.stderr
    assert kept(house) == expected == undisturbed(house, tmp_path / "twin")
    assert (house / "versions.txt").read_text() == versions
    assert "count" in read_lock(house / ".fusar/locks/laptop.lock")
