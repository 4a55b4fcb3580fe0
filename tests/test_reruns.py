"""What takes longer than CI has: reruns to the same bytes, and kills at every stage of the whole chain."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.conftest import Clone, Demo, clone_repository
from tests.test_demo import STAGES, TINY

pytestmark = pytest.mark.slow
KILL_WAIT_SECONDS = 180.0


def outputs(clone: Clone) -> dict[str, dict[str, str]]:
    """The md5 of every output of every stage, as the newest lock of the tiny profile has them."""
    stages: dict[str, Any] = yaml.safe_load((clone.root / ".fusar/locks/tiny.lock").read_text())["stages"]
    return {name: {out["path"]: out["md5"] for out in entry["outs"]} for name, entry in stages.items()}


def test_two_runs_on_one_machine_give_the_same_bytes_for_every_output(demo: Demo, tmp_path: Path) -> None:
    again = clone_repository(tmp_path / "again")
    again.fusar("demo", *TINY)
    assert outputs(again) == outputs(demo.clone)
    assert set(outputs(again)) == set(STAGES)


@pytest.fixture(scope="module")
def killed_clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return clone_repository(tmp_path_factory.mktemp("killed") / "clone")


def start(clone: Clone) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "cli.app", "demo", *TINY]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "COLUMNS": "200"}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=clone.root, env=environment, stdout=quiet, stderr=subprocess.PIPE, text=True)


def wait_for_stage(flow: "subprocess.Popen[str]", stage: str) -> list[str]:
    """Lines that the flow says until the stage has begun."""
    said: list[str] = []
    assert flow.stderr is not None
    for line in flow.stderr:
        said.append(line.rstrip())
        if line.startswith(f"{stage} ..."):
            return said
    pytest.fail(f"{stage} never began:\n" + "\n".join(said[-20:]))


def stage_process(flow: "subprocess.Popen[str]", stage: str) -> psutil.Process:
    """The process that does a stage's work, below the flow's."""
    deadline = time.monotonic() + KILL_WAIT_SECONDS
    while time.monotonic() < deadline:
        for child in psutil.Process(flow.pid).children(recursive=True):
            try:
                words = child.cmdline()
            except psutil.Error:
                continue
            if words[-1:] == [stage] and any(word.startswith("components.") for word in words):
                return child
        time.sleep(0.05)
    pytest.fail(f"no process of {stage} was found")


@pytest.mark.parametrize("stage", STAGES)
def test_after_a_kill_in_a_stage_the_same_command_goes_on_behind_the_last_finished_one(
    killed_clone: Clone, stage: str
) -> None:
    """Every other stage loses its own process, the others the whole flow. The parametrised runs build on each other."""
    flow = start(killed_clone)
    said = wait_for_stage(flow, stage)
    done_before = [name for name in STAGES if re.search(rf"^{name}: unchanged", "\n".join(said), re.MULTILINE)]
    place = STAGES.index(stage)
    assert done_before == list(STAGES[: max(0, place - 1)])
    worker = stage_process(flow, stage)
    if place % 2:
        os.kill(worker.pid, signal.SIGKILL)
        assert flow.wait(KILL_WAIT_SECONDS) == 1
    else:
        os.kill(flow.pid, signal.SIGKILL)
        flow.wait(KILL_WAIT_SECONDS)
    _, alive = psutil.wait_procs([worker], timeout=30)
    assert not alive, f"{stage}: its process outlived the flow"


def test_after_all_kills_the_outputs_are_those_of_an_undisturbed_run(demo: Demo, killed_clone: Clone) -> None:
    done = killed_clone.fusar("demo", *TINY)
    assert "Champion: fusar-gpt/1" in done.stdout
    assert outputs(killed_clone) == outputs(demo.clone)
