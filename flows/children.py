"""Child processes, each in a process group of its own that ends with whoever started it."""

import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SUPERVISOR = Path(__file__).with_name("supervisor.py")
GRACE_SECONDS = 15.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Child:
    """A command to run.

    Attributes:
        command: program and arguments.
        folder: its working directory.
        environment: all of its variables.
        log_file: everything it says is appended here.
        output: file for its standard output; None where that is said like the rest.
    """

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    log_file: Path
    output: Path | None = None


def run_child(child: Child, on_line: Callable[[str], None], seconds: float = math.inf) -> int:
    """Exit code of the command; when this process is interrupted, its whole group gets SIGTERM, then SIGKILL.

    Args:
        child: the command.
        on_line: told each line that it says.
        seconds: how long it may take [s].

    Raises:
        TimeoutError: it took longer, and was ended.
    """
    child.log_file.parent.mkdir(parents=True, exist_ok=True)
    with child.log_file.open("a", encoding="utf-8") as log, _standard_output(child) as output:
        process = subprocess.Popen(
            [sys.executable, "-P", str(SUPERVISOR), *child.command],
            cwd=child.folder,
            env=dict(child.environment),
            stdin=subprocess.PIPE,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE if output else subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        try:
            return _listen(process, log, on_line, time.monotonic() + seconds)
        finally:
            _stop(process)


def _standard_output(child: Child) -> "IO[str] | _Nothing":
    return child.output.open("w", encoding="utf-8") if child.output else _Nothing()


class _Nothing:
    """Stands where no file is opened."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _listen(process: "subprocess.Popen[str]", log: IO[str], on_line: Callable[[str], None], until: float) -> int:
    """Pass lines on as they come; a thread reads them, so that a signal reaches us while the child is silent."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    stream = process.stdout or process.stderr
    assert stream is not None

    def read() -> None:
        for line in stream:
            lines.put(line.rstrip())
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        if time.monotonic() > until:
            raise TimeoutError
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if process.poll() is not None:  # something that outlived the command may still hold the pipe
                return process.returncode
            continue
        if line is None:
            return process.wait()
        if line:
            log.write(line + "\n")
            log.flush()
            on_line(line)


def _stop(process: "subprocess.Popen[str]") -> None:
    """End what is left of the group: it is asked first and killed after the grace period."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            assert process.stdin is not None
            process.stdin.close()  # the supervisor kills every descendant
            process.wait()
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
