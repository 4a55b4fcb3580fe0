"""A spot instance is taken away while it trains: SIGTERM to its worker, and another machine goes on."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from components.revisions.lock import read_lock
from tests.conftest import Demo
from tests.faults.aftermath import digests, open_runs, torn_objects
from tests.faults.asking import wait_for
from tests.faults.injections import injects
from tests.faults.repository import push, whole_repository
from tests.faults.stand import FINAL, Stand
from tests.small_house import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("git") is None, reason="git daemon needs git"),
]
PROFILE, STEPS, EVERY = "tiny", 240, 5


@pytest.fixture
def stand(demo: Demo, tmp_path: Path) -> Iterator[Stand]:
    whole_repository(demo.clone.root, tmp_path)
    stand = Stand(tmp_path)
    try:
        stand.up()
        yield stand
    finally:
        stand.down()


def train_longer(house: Path) -> None:
    """Stage `align` is stale, and what is above it is not."""
    file, yaml = house / f"profiles/{PROFILE}.yaml", YAML()
    profile = yaml.load(file)
    profile["align"] |= {"steps": STEPS, "checkpoint_every": EVERY, "validate_every": STEPS}
    yaml.dump(profile, file)
    push(house)


@injects(
    "SIGTERM to a worker that trains, as a spot instance gets it; another machine's worker takes its place",
    "by itself, behind the last step",
    "nothing",
)
def test_another_machine_goes_on_with_a_training(time, stand, tmp_path):
    train_longer(stand.house)
    retrain = stand.retrain(PROFILE)
    kept = stand.store / "checkpoints"

    def has_checkpoint() -> bool:
        assert stand.state(retrain).get("type") not in FINAL, stand.state(retrain)
        return any(path.is_file() for path in kept.rglob("*"))

    wait_for(has_checkpoint, "a checkpoint of align", 900)
    stand.processes["gpu"].send_signal(signal.SIGTERM)
    stand.processes["gpu"].wait(60)
    stand.start("gpu2")
    end = stand.end_of(retrain, 900)
    assert end["type"] == "COMPLETED", end["message"]
    assert "was lost (Execution was aborted by a termination signal" in (stand.folder / "control.log").read_text()
    assert "goes on behind step" in (stand.folder / "gpu2.log").read_text()
    assert torn_objects(stand.store) == [] and open_runs(stand.mlflow) == []
    assert digests(read_lock(stand.lock_of(PROFILE))) == trained_in_one_piece(stand.house, tmp_path)


def trained_in_one_piece(house: Path, folder: Path) -> dict[str, str]:
    """What a retrain of the same commit makes in a clone that shares nothing with the fleet but its remote."""
    run(folder, "git", "clone", "--quiet", str(house), "alone")
    shutil.copytree(folder / "store", folder / "alone/.fusar/remote")
    shutil.rmtree(folder / "alone/.fusar/remote/checkpoints", ignore_errors=True)
    run(folder / "alone", "fusar", "retrain", "--profile", PROFILE, "--force", "align")
    return digests(read_lock(folder / f"alone/.fusar/locks/{PROFILE}.lock"))
