"""The whole chain at tiny size on machines that share nothing, beside the same commit on one machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.revisions.lock import read_lock
from tests.conftest import Demo
from tests.faults.aftermath import digests
from tests.fleet.aftermath import made, open_runs, taken_slots
from tests.fleet.fleet import PYTHON, Fleet, running
from tests.fleet.needs import missing, skip_without

pytestmark = pytest.mark.slow
MODELS = ("fusar-klip", "fusar-gpt")


def published_commit(demo: Path, house: Path) -> None:
    """A clone whose branch is the commit that the demo retrained, with the scenes that it pins in its cache."""
    subprocess.run(["git", "clone", "--quiet", str(demo), str(house)], check=True)
    for command in (("fetch", "--quiet", "origin", "refs/fusar/fusar-gpt/1"), ("reset", "--quiet", "--hard"),
                    ("checkout", "--quiet", "-B", "main", "FETCH_HEAD"), ("remote", "remove", "origin")):  # fmt: skip
        subprocess.run(["git", *command], cwd=house, check=True)
    shutil.copytree(demo / ".dvc/cache", house / ".dvc/cache")


@pytest.fixture(scope="module")
def fleet(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    skip_without(*missing())
    house = tmp_path_factory.mktemp("published") / "house"
    published_commit(demo.clone.root, house)
    with running(tmp_path_factory.mktemp("fleet"), house) as started:
        # What the desk knows of results from now on, it has from the bucket.
        shutil.rmtree(started["desk"].folder / "house/.dvc/cache")
        yield started


def test_a_fleet_makes_the_bytes_of_one_machine_and_its_versions_can_be_verified(fleet: Fleet, demo: Demo) -> None:
    done = fleet.retrain("tiny", check=False)
    assert done.returncode == 0, done.stdout + done.stderr + fleet.everything()
    expected = digests(read_lock(demo.clone.root / ".fusar/locks/tiny.lock"))
    assert made(fleet, "tiny") == expected
    pools = {run["parameters"]["stage"]: run["work_pool_name"] for run in fleet.flow_runs("stage")}
    assert {name for name, pool in pools.items() if pool == "gpu"} == {"pretrain", "align", "instruct", "evaluate"}
    for model in MODELS:
        verified = json.loads(fleet.on_desk(*PYTHON, "cli.app", "lineage", "verify", f"{model}/1", "--json").stdout)
        assert verified["is_whole"], verified
        checked = json.loads(fleet.on_desk(*PYTHON, "cli.app", "promote", "check", f"{model}/1", "--json").stdout)
        assert checked["passed"], checked
    assert (open_runs(fleet), taken_slots(fleet)) == ([], [])
