import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flows import children
from flows.children import SUPERVISOR, Child, run_child


def child(tmp_path: Path, code: str, output: Path | None = None) -> Child:
    return Child((sys.executable, "-c", code), tmp_path, dict(os.environ), tmp_path / "log", output)


def test_lines_of_both_streams_reach_the_listener_and_the_log_in_order(tmp_path):
    heard: list[str] = []
    code = "import sys\nfor i in range(3): print(i, flush=True); print(-i, file=sys.stderr, flush=True)"
    assert run_child(child(tmp_path, code), heard.append) == 0
    assert heard == ["0", "0", "1", "-1", "2", "-2"]
    assert (tmp_path / "log").read_text().split() == heard


def test_the_answer_of_a_step_is_kept_apart_from_what_it_says(tmp_path):
    heard: list[str] = []
    code = "import sys; print('answer'); print('said', file=sys.stderr)"
    assert run_child(child(tmp_path, code, tmp_path / "answer"), heard.append) == 0
    assert (heard, (tmp_path / "answer").read_text()) == (["said"], "answer\n")


@pytest.mark.parametrize("busy", ["time.sleep(0.1)", "print('still here', flush=True)"], ids=["silent", "talking"])
def test_a_child_that_takes_too_long_is_ended(busy, tmp_path):
    code = f"import os, time; print(os.getpid(), flush=True)\nwhile True: {busy}"
    pids: list[int] = []
    with pytest.raises(TimeoutError):
        run_child(child(tmp_path, code), lambda line: pids.append(int(line)) if line.isdigit() else None, seconds=3)
    assert not pids or not psutil.pid_exists(pids[0])


@pytest.mark.parametrize(
    ("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_exit_code_is_that_of_the_command(code, expected, tmp_path):
    assert run_child(child(tmp_path, code), lambda line: None) == expected


def test_a_child_that_ignores_the_request_to_end_is_killed_with_its_own_children(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.5)
    grandchild = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    code = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN)\n"
        f"p = subprocess.Popen([sys.executable, '-c', {grandchild!r}], start_new_session=True)\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_child(child(tmp_path, code), interrupt)
    assert time.monotonic() - started < 20
    # A killed process is listed until the machine has had a moment to take it away.
    until = time.monotonic() + 10
    while psutil.pid_exists(pids[0]) and psutil.Process(pids[0]).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "the grandchild lives on"
        time.sleep(0.05)


def test_a_child_whose_asker_was_killed_ends_at_once(tmp_path):
    command = [
        sys.executable,
        "-P",
        str(SUPERVISOR),
        sys.executable,
        "-c",
        "print(1, flush=True); import time; time.sleep(60)",
    ]
    asker = f"import subprocess as s, time; s.Popen({command!r}, stdin=s.PIPE, start_new_session=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", asker], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        descendants = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(descendants, timeout=5)
    assert len(descendants) == 2
    assert not alive
