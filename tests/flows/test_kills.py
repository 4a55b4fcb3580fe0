"""kill -9 of the stage, of the whole flow; the same command afterwards goes on from the last finished stage."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from components.tracking.runs import Tracking
from tests.small_house import fusar, traced

PATIENCE_SECONDS = 60


def wait_for(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.1)


def hanging_stage(house: Path, flow: "subprocess.Popen[str]") -> int:
    """Number of the stage's process once it hangs."""
    file = house.parent / "trace.pid"
    wait_for(lambda: (file.exists() and file.read_text()) or flow.poll() is not None, "the stage")
    assert flow.poll() is None, flow.communicate()
    return int(file.read_text())


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def goes_on(house: Path) -> None:
    """The same command again runs the stage that was lost and what is below it, and nothing twice."""
    (house.parent / "trace").unlink()
    again = fusar(house, "retrain")
    stdout, stderr = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, stderr
    assert traced(house.parent / "trace") == ["count", "total"]
    assert "cut: unchanged" in stderr
    assert "adder/1  new  champion" in stdout


def statuses(house: Path) -> list[str]:
    tracking = Tracking(house)
    return sorted(run.info.status for run in tracking.client.search_runs([tracking.experiment_id]))


def test_after_kill_9_of_a_stage_the_same_command_goes_on(house):
    flow = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="count")
    os.kill(hanging_stage(house, flow), signal.SIGKILL)
    stdout, stderr = flow.communicate(timeout=PATIENCE_SECONDS)
    assert flow.returncode == 1
    assert stdout == ""
    assert [line for line in stderr.splitlines() if line.startswith("error: stage count: ")] == [
        stderr.splitlines()[-1]
    ]
    assert "Traceback" not in stderr
    assert statuses(house) == ["FAILED", "FAILED", "FINISHED"]
    goes_on(house)


def test_after_kill_9_of_the_whole_flow_nothing_lives_on_and_the_same_command_goes_on(house, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL")  # with a server of its own, which must end too
    flow = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="count")
    stage = hanging_stage(house, flow)
    descendants = [process.pid for process in psutil.Process(flow.pid).children(recursive=True)]
    assert stage in descendants
    assert any("server_process.py" in " ".join(psutil.Process(pid).cmdline()) for pid in descendants)
    flow.kill()
    flow.communicate()
    wait_for(lambda: all(is_gone(pid) for pid in descendants), "the end of all processes")
    goes_on(house)
    assert statuses(house).count("KILLED") == 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_stage_and_says_how_to_go_on(number, house):
    flow = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="count")
    stage = hanging_stage(house, flow)
    flow.send_signal(number)
    _, stderr = flow.communicate(timeout=PATIENCE_SECONDS)
    assert is_gone(stage)
    assert flow.returncode == 130, stderr
    assert stderr.splitlines()[-1].startswith("interrupted: what had finished is kept")
    assert "RUNNING" not in statuses(house)
