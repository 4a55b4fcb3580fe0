"""A retrain on machines that have addresses and share no file: network namespaces, PostgreSQL, Redis, S3, git."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.fleet import PYTHON, Fleet, running
from tests.fleet.machines import wait_for
from tests.fleet.needs import missing, skip_without
from tests.fleet.network import missing_for_namespaces, network
from tests.small_house import built_house  # noqa: F401

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet(built_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:  # noqa: F811
    skip_without(*missing())
    with running(tmp_path_factory.mktemp("fleet"), built_house) as started:
        yield started


def test_machines_reach_each_other_over_tcp_and_share_no_file(tmp_path: Path) -> None:
    skip_without(missing_for_namespaces())
    with network(tmp_path / "fleet", "left", "right") as machines:
        left, right = machines["left"], machines["right"]
        (left.folder / "secret").write_text("of the left machine")
        assert left.run("cat", str(left.home / "secret")).stdout == "of the left machine"
        assert right.run("ls", str(right.home), str(tmp_path / "fleet/machines")).stdout.split() == [
            f"{tmp_path}/fleet/home:",
            f"{tmp_path}/fleet/machines:",
        ]
        left.start("served", "python", "-m", "http.server", "8000", "--bind", left.address)
        question = f"import urllib.request as u; print(u.urlopen('http://{left.address}:8000/secret').read().decode())"
        wait_for(lambda: left.listens(8000), "the server on the left machine")
        assert right.run("python", "-c", question).stdout.strip() == "of the left machine"
    left_over = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert not [name for name in left_over.split() if name in str(left.enter)]


def test_a_retrain_over_tcp_alone_and_a_second_one_has_nothing_to_do(fleet: Fleet) -> None:
    done = fleet.retrain(check=False)
    assert done.returncode == 0, done.stdout + done.stderr + fleet.everything()
    assert fleet.traced("one") == ["cut", "count", "total"]
    (waited,) = fleet.flow_runs("retrain")
    assert "up to date; adder/1" in waited["state"]["message"]
    assert [run["parameters"]["stage"] for run in fleet.flow_runs("stage")] == ["cut", "count", "total"]
    again = fleet.retrain()
    assert again.returncode == 0
    assert "nothing was stale" in fleet.flow_runs("retrain")[-1]["state"]["message"]
    assert fleet.traced("one") == ["cut", "count", "total"]


def test_a_changed_pool_sends_the_stage_to_the_other_machine_and_the_rest_is_restored(fleet: Fleet) -> None:
    """`count` moves to the machine with pool gpu, which has nothing but addresses: it pulls what it needs."""
    fleet.count_on_a_gpu()
    before = fleet.traced("one")
    done = fleet.retrain(check=False)
    assert done.returncode == 0, done.stdout + done.stderr + fleet.everything()
    assert fleet.traced("two") == ["count"]
    assert fleet.traced("one") == before, "cut has not changed, and total reads the same counts"


def test_a_second_deploy_finds_nothing_to_change(fleet: Fleet) -> None:
    assert "Nothing to change." in fleet.on_desk(*PYTHON, "cli.app", "deploy").stdout


def test_the_servers_keep_nothing_in_files(fleet: Fleet) -> None:
    """Prefect's and MLflow's state is in PostgreSQL and the bucket: their machine can be thrown away."""
    kept = [path for path in fleet["servers"].folder.rglob("*") if path.suffix in (".db", ".sqlite", ".safetensors")]
    assert kept == []
