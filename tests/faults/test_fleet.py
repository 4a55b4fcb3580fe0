"""Servers, workers and wires of a fleet fail while a stage works: two machines with a worker, a GPU, nothing shared."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from components.revisions.lock import read_lock
from tests.faults.aftermath import digests, open_runs, stage_processes, torn_objects, undisturbed
from tests.faults.asking import asked, wait_for
from tests.faults.injections import injects
from tests.faults.repository import publish, small_repository
from tests.faults.stand import Stand

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("git") is None, reason="git daemon needs git"),
]
CUT_SECONDS = 60.0
NUMBERS = iter(range(225))


@pytest.fixture(scope="module")
def stand(built_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")
    small_repository(built_house, folder)
    stand = Stand(folder)
    try:
        stand.up()
        yield stand
    finally:
        stand.down()


@pytest.fixture
def stopped(stand: Stand) -> Iterator[str]:
    """Id of a retrain of a new commit that waits inside stage `count`."""
    stand.stop_at_the_stage()
    publish(stand.house, next(NUMBERS))
    stand.ran()
    retrain = stand.retrain()
    stand.stage_process()
    yield retrain
    stand.let_go()


def all_is_well(stand: Stand, profile: str = "laptop") -> None:
    """Outputs of an undisturbed run, whole objects, no open run, a free GPU, no process that still works."""
    assert digests(read_lock(stand.lock_of(profile))) == undisturbed(stand.house, stand.folder / "undisturbed")
    assert torn_objects(stand.store) == []
    wait_for(lambda: not open_runs(stand.mlflow), f"the end of the runs {open_runs(stand.mlflow)}", 10)
    wait_for(lambda: not stand.taken_slots(), "the GPU's slot", 120)  # of a killed process it is free after a minute
    assert stage_processes(stand.trace) == []


def ends_well(stand: Stand, retrain: str) -> None:
    end = stand.end_of(retrain)
    assert end["type"] == "COMPLETED", end["message"]


@injects("kill -9 of the stage's process", "one command", "the stage in flight", times=3)
def test_a_killed_stage_fails_its_retrain_and_the_next_goes_on(time, stand, stopped):
    stand.stage_process().send_signal(signal.SIGKILL)
    end = stand.end_of(stopped)
    assert end["type"] == "FAILED"
    assert "count" in end["message"]
    stand.let_go()
    assert stand.ran() == ["cut", "count"]
    ends_well(stand, stand.retrain())
    assert stand.ran() == ["count", "total"]
    all_is_well(stand)


@injects("kill -9 of the flow run of a stage", "one command", "the stage in flight", times=3)
def test_a_killed_stage_flow_takes_its_stage_with_it(time, stand, stopped):
    (flow,) = stand.flow_processes("gpu")
    flow.send_signal(signal.SIGKILL)
    wait_for(lambda: not stage_processes(stand.trace), "the end of the stage")
    assert stand.end_of(stopped)["type"] == "FAILED"  # killed looks like out of memory, which is not tried again
    stand.let_go()
    ends_well(stand, stand.retrain())
    assert stand.ran() == ["cut", "count", "count", "total"]
    all_is_well(stand)


@injects("kill -9 of the flow run of the retrain", "one command", "nothing: its stage goes on and is found", times=3)
def test_what_a_killed_retrain_had_asked_for_is_not_done_twice(time, stand, stopped):
    (flow,) = stand.flow_processes("control")
    flow.send_signal(signal.SIGKILL)
    assert stand.end_of(stopped)["type"] == "CRASHED"
    again = stand.retrain()
    stand.let_go()
    ends_well(stand, again)
    assert stand.ran() == ["cut", "count", "total"]
    reconciled(stand)
    all_is_well(stand)


@injects("power cut of a worker's machine", "by itself, when its heartbeats are missed", "the stage in flight", times=2)
def test_a_lost_machine_is_noticed_and_nothing_waits_for_it(time, stand, stopped):
    stand.kill("gpu")
    stand.let_go()
    stand.start("gpu")
    ends_well(stand, stopped)
    assert stand.ran() == ["cut", "count", "count", "total"]
    all_is_well(stand)


@injects("power cut of a worker's machine between taking a retrain and beginning it", "one command", "nothing")
def test_a_run_that_never_began_is_noticed(time, stand):
    publish(stand.house, next(NUMBERS))
    stand.ran()
    stand.kill("control")
    taken = stand.retrain()
    # What a worker says when it takes a run; the process that would begin it never comes.
    assert asked(f"{stand.api}/api/flow_runs/{taken}/set_state", {"state": {"type": "PENDING"}})
    end = stand.end_of(taken, 300)
    assert (end["type"], end["message"]) == ("CRASHED", "it never began; its worker died or had no room for it")
    stand.start("control")
    ends_well(stand, stand.retrain())
    assert stand.ran() == ["cut", "count", "total"]
    all_is_well(stand)


@injects("kill -9 of Prefect's server, away for 30 s", "by itself", "nothing", times=2)
def test_a_retrain_survives_prefects_server(time, stand, stopped):
    killed_for_a_while(stand, "prefect", 30.0)
    stand.let_go()
    ends_well(stand, stopped)
    assert stand.ran() == ["cut", "count", "total"]
    all_is_well(stand)


@injects("kill -9 of MLflow's server, away for 30 s", "by itself", "nothing", times=2)
def test_a_retrain_survives_mlflows_server(time, stand, stopped):
    stand.kill("mlflow")
    stand.let_go()  # the stage ends while nobody takes down what it made
    sleep(30.0)
    stand.start("mlflow")
    ends_well(stand, stopped)
    assert stand.ran() == ["cut", "count", "total"]
    all_is_well(stand)


@injects("network to Prefect, MLflow and git cut for 60 s at once", "by itself", "nothing", times=2)
def test_a_retrain_survives_a_cut_network(time, stand, stopped):
    cuts = [threading.Thread(target=wire.cut, args=(CUT_SECONDS,)) for wire in stand.wires.values()]
    for cut in cuts:
        cut.start()
    stand.let_go()  # the stage ends in the middle of it
    for cut in cuts:
        cut.join()
    ends_well(stand, stopped)
    assert stand.ran() == ["cut", "count", "total"]
    all_is_well(stand)


@injects("a cancelled retrain", "one command", "the stage in flight", times=3)
def test_a_cancelled_retrain_ends_its_stage_and_frees_the_gpu(time, stand, stopped):
    stage = stand.stage_process()
    cancel = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    assert asked(f"{stand.api}/api/flow_runs/{stopped}/set_state", cancel)
    assert stand.end_of(stopped)["type"] == "CANCELLED"
    wait_for(lambda: not is_alive(stage), "the end of the stage", 60)
    wait_for(lambda: not stand.taken_slots(), "the GPU's slot", 120)
    assert stage_processes(stand.trace) == []
    stand.let_go()
    ends_well(stand, stand.retrain())
    assert stand.ran() == ["cut", "count", "count", "total"]
    all_is_well(stand)


@injects("two workers given the same stage at once", "by itself", "nothing: the second restores", times=3)
def test_two_retrains_of_the_same_inputs_run_each_stage_once(time, stand):
    publish(stand.house, next(NUMBERS))
    stand.ran()
    retrains = [stand.retrain("laptop"), stand.retrain("twin")]
    for retrain in retrains:
        ends_well(stand, retrain)
    assert sorted(stand.ran()) == ["count", "cut", "total"]
    all_is_well(stand)
    assert digests(read_lock(stand.lock_of("twin"))) == digests(read_lock(stand.lock_of("laptop")))


@injects("clock of a worker 10 minutes ahead", "by itself", "nothing", times=2)
def test_a_worker_whose_clock_is_wrong_does_its_stages(time, stand):
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    ahead = {"LD_PRELOAD": str(library), "FAKETIME": "+10m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    stand.kill("gpu")
    stand.more["gpu"] = ahead
    stand.start("gpu")
    try:
        publish(stand.house, next(NUMBERS))
        stand.ran()
        ends_well(stand, stand.retrain())
        assert stand.ran() == ["cut", "count", "total"]
        all_is_well(stand)
    finally:
        stand.more.clear()
        stand.kill("gpu")
        stand.start("gpu")


def killed_for_a_while(stand: Stand, server: str, seconds: float) -> None:
    stand.kill(server)
    sleep(seconds)
    stand.start(server)


def reconciled(stand: Stand) -> None:
    """What the hourly deployment does."""
    found = asked(f"{stand.api}/api/deployments/name/reconcile/workers")
    make = f"{stand.api}/api/deployments/{found['id']}/create_flow_run"
    made = wait_for(lambda: asked(make, {}), "the flow run", 60)  # asked again where the server's SQLite is locked
    ends_well(stand, made["id"])


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


sleep = time.sleep  # `time` is which of the injections a test is
