"""SIGTERM to a stage's whole process group, or to a worker: the stage keeps what it has before it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SUPERVISOR = Path(__file__).resolve().parents[2] / "flows/supervisor.py"
# As a stage under DVC: a shell stands between, which dies of the signal at once.
SHELL = "python stage.py; true"
STAGE = """
import os, signal, sys, time
def keep(number, frame):
    time.sleep({seconds})
    open("kept", "w").close()
    sys.exit(os.EX_TEMPFAIL)
signal.signal(signal.SIGTERM, keep)
open("began", "w").write(str(os.getpid()))
time.sleep(60)
"""


@pytest.fixture
def begin(tmp_path):
    """Start a stage that takes so many seconds to end; gives its supervisor and itself."""

    def begun(seconds: float) -> "tuple[subprocess.Popen[bytes], psutil.Process]":
        (tmp_path / "stage.py").write_text(STAGE.format(seconds=seconds))
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        command = [sys.executable, "-P", str(SUPERVISOR), "/bin/sh", "-c", SHELL]
        here = {**os.environ, "PATH": path}
        run = subprocess.Popen(command, cwd=tmp_path, env=here, stdin=subprocess.PIPE, start_new_session=True)
        while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
            assert run.poll() is None and not time.sleep(0.02)
        return run, psutil.Process(int((tmp_path / "began").read_text()))

    return begun


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_sigterm_to_the_group_leaves_the_stage_its_grace(begin, tmp_path):
    run, stage = begin(0.5)
    os.killpg(run.pid, signal.SIGTERM)
    run.wait(60)
    assert (tmp_path / "kept").exists() and has_ended(stage)


def test_a_stage_that_takes_longer_than_its_grace_is_killed(begin, tmp_path):
    run, stage = begin(60)
    os.killpg(run.pid, signal.SIGTERM)
    time.sleep(0.5)
    assert run.poll() is None and stage.is_running()
    run.stdin.close()  # as flows.children does when the grace is over
    run.wait(60)
    assert not (tmp_path / "kept").exists() and has_ended(stage)


# As Prefect's worker: it takes flow runs away with it.
WORKER = """
import signal, subprocess, sys
run = subprocess.Popen([sys.executable, "stage.py"], start_new_session=True)
def end(*_):
    run.kill()
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
run.wait()
signal.pause()
"""


def test_sigterm_to_a_worker_leaves_its_flow_runs_their_grace(tmp_path):
    (tmp_path / "stage.py").write_text(STAGE.format(seconds=0.5))
    (tmp_path / "worker.py").write_text(WORKER)
    command = [sys.executable, "-P", str(SUPERVISOR), "--alone", sys.executable, "worker.py"]
    run = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
        assert run.poll() is None and not time.sleep(0.02)
    run.terminate()
    assert run.wait(60) == 3
    assert (tmp_path / "kept").exists()
