"""A database dies and cables are cut on machines that have addresses, while a stage works."""

import time as clock
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.injections import injects
from tests.faults.repository import parameters_of
from tests.fleet.aftermath import all_is_well
from tests.fleet.fleet import MLFLOW_PORT, PREFECT_PORT, S3_PORT, Fleet, running
from tests.fleet.machines import wait_for
from tests.fleet.needs import missing, skip_without
from tests.fleet.network import cut_off, dropped, missing_for_cuts
from tests.small_house import built_house  # noqa: F401

pytestmark = pytest.mark.slow
AWAY_SECONDS = 15.0
CUT_SECONDS = 60.0
END_SECONDS = 900.0
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
NUMBERS = iter(range(1, 40))


@pytest.fixture(scope="module")
def fleet(built_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:  # noqa: F811
    skip_without(missing_for_cuts(), *missing())
    with running(tmp_path_factory.mktemp("fleet"), built_house, SMALL_HOUSE_HANG_AT="count") as started:
        started.count_on_a_gpu()
        yield started


@pytest.fixture
def changed(fleet: Fleet) -> Fleet:
    """The fleet with a new commit, of which all three stages are stale; none of them waits."""
    profile = fleet["desk"].folder / "house/profiles/laptop.yaml"
    longest, step, factor = parameters_of(next(NUMBERS))
    profile.write_text(f"cut: {{longest: {longest}}}\ncount: {{step: {step}}}\ntotal: {{factor: {factor}}}\n")
    fleet.publish("other parameters")
    for name in ("one", "two"):
        (fleet[name].folder / "trace").unlink(missing_ok=True)
    let_go(fleet)
    return fleet


@pytest.fixture
def stopped(changed: Fleet) -> Iterator[str]:
    """Id of a retrain that waits inside stage `count`, on the machine with the GPU."""
    folder = changed["two"].folder
    for name in ("trace.go-on", "trace.pid"):
        (folder / name).unlink(missing_ok=True)
    retrain = begin(changed)
    wait_for(lambda: (folder / "trace.pid").exists(), "the stage", END_SECONDS)
    yield retrain
    let_go(changed)


def let_go(fleet: Fleet) -> None:
    (fleet["two"].folder / "trace.go-on").touch()


def begin(fleet: Fleet) -> str:
    """Id of a new run of `retrain`: what a schedule, an event or a person's click makes."""
    deployment = fleet.ask(f"{fleet.api}/deployments/name/retrain/workers")["id"]
    given = {"profile": "laptop", "revision": "main", "force": []}
    content = {"parameters": given, "idempotency_key": str(uuid4())}
    return str(fleet.ask(f"{fleet.api}/deployments/{deployment}/create_flow_run", content)["id"])


def ends_well(fleet: Fleet, retrain: str) -> None:
    def end() -> dict[str, Any] | None:
        state: dict[str, Any] = (fleet.ask(f"{fleet.api}/flow_runs/{retrain}", check=False) or {}).get("state") or {}
        return state if state.get("type") in FINAL else None

    state = wait_for(end, "the end of the retrain", END_SECONDS)
    assert state["type"] == "COMPLETED", f"{state['message']}\n{fleet.everything()}"


def each_ran_once(fleet: Fleet) -> None:
    assert (fleet.traced("one"), fleet.traced("two")) == (["cut", "total"], ["count"])


def survives_a_cut(fleet: Fleet, retrain: str, scratch: Path, machine: str, *ports: int) -> None:
    """Cut, let the stage end in the middle of it, mend: the retrain ends by itself, and nothing is done twice."""
    with cut_off(fleet[machine], *ports):
        let_go(fleet)
        if ports:
            wait_for(lambda: dropped(fleet[machine]), "a packet that is lost")
        clock.sleep(CUT_SECONDS)
    ends_well(fleet, retrain)
    each_ran_once(fleet)
    all_is_well(fleet, scratch)


@injects("kill -9 of PostgreSQL with its children, away for 15 s", "by itself", "nothing", times=2)
def test_a_retrain_survives_the_database_of_its_servers(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    fleet.postgres.kill()
    let_go(fleet)  # the stage ends while neither server can write
    clock.sleep(AWAY_SECONDS)
    fleet.postgres.start()
    ends_well(fleet, stopped)
    each_ran_once(fleet)
    all_is_well(fleet, tmp_path / "undisturbed")


@injects("network between a stage's worker and the S3 store cut for 60 s", "by itself", "nothing")
def test_a_stage_survives_a_cut_from_the_dvc_remote(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    survives_a_cut(fleet, stopped, tmp_path / "undisturbed", "two", S3_PORT)


@injects("network between a stage's worker and MLflow cut for 60 s", "by itself", "nothing")
def test_a_stage_survives_a_cut_from_mlflow(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    survives_a_cut(fleet, stopped, tmp_path / "undisturbed", "two", MLFLOW_PORT)


@injects("network between a stage's worker and Prefect cut for 60 s", "by itself", "nothing")
def test_a_stage_survives_a_cut_from_prefect(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    survives_a_cut(fleet, stopped, tmp_path / "undisturbed", "two", PREFECT_PORT)


@injects("cable of a stage's worker unplugged for 60 s", "by itself", "nothing")
def test_a_stage_survives_its_cable_unplugged(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    survives_a_cut(fleet, stopped, tmp_path / "undisturbed", "two")


@injects("cable of the retrain's worker unplugged for 60 s", "by itself", "nothing")
def test_a_retrain_survives_its_cable_unplugged(time: int, fleet: Fleet, stopped: str, tmp_path: Path) -> None:
    survives_a_cut(fleet, stopped, tmp_path / "undisturbed", "one")
