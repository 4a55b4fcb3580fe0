"""Run a command and make sure that nothing of it outlives whoever asked for it: `python -P supervisor.py COMMAND...`.

Its standard input is a pipe that only the asking process holds open, so that even kill -9 of that process closes it.
`python -P supervisor.py --while-locked FILE COMMAND...` waits instead until nobody holds FILE alone any more, and
`python -P supervisor.py --alone COMMAND...` has no asker: SIGTERM is passed on, its end is the end of all.
Started as a file, without the package: it imports nothing that takes time.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psutil

PR_SET_CHILD_SUBREAPER = 36
# A stage has 15 s of these for its checkpoint; then its flow run tells the server.
ENDING_SECONDS = 30.0


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that they can be found; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_descendants() -> None:
    """Kill all descendants, those in sessions of their own among them (torchrun's workers sit in such)."""
    for process in psutil.Process().children(recursive=True):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def wait_for_the_end_of_the_asker() -> None:
    """Block until the pipe closes."""
    while os.read(0, 1):
        pass


def wait_for_the_end_of_the_holder(path: str) -> None:
    """Block until the exclusive lock on a file is let go, which even kill -9 of its holder does."""
    with open(path, "rb") as file:  # noqa: PTH123 pathlib would be one import more
        fcntl.flock(file, fcntl.LOCK_SH)


def wait_for_the_end_of(number: int) -> int:
    """Exit code of a child; adopted orphans that end meanwhile are taken away too."""
    while True:
        ended, status = os.wait()
        if ended == number:
            return os.waitstatus_to_exitcode(status)


def end_worker(number: int) -> None:
    """End the flow runs of a worker, which get SIGTERM and their time, and then the worker itself.

    A worker that gets SIGTERM kills its flow runs at once; so it is held, and takes no more of them, until they ended.
    """
    worker = psutil.Process(number)
    worker.suspend()
    flow_runs = worker.children()
    for flow_run in flow_runs:
        with suppress(psutil.NoSuchProcess):
            flow_run.terminate()
    until = time.monotonic() + ENDING_SECONDS
    while any(map(_is_at_work, flow_runs)) and time.monotonic() < until:
        time.sleep(0.1)
    worker.terminate()
    worker.resume()


def _is_at_work(process: psutil.Process) -> bool:
    """Whether it has not ended; one that has stays until its parent, which is held, takes it away."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _watch(wait: Callable[[], object]) -> None:
    wait()
    kill_descendants()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the command; exit with its code, or 128 plus the signal that ended it."""
    command: list[str] = sys.argv[1:]
    wait: Callable[[], object] = wait_for_the_end_of_the_asker
    is_asked = threading.Event()
    if command[0] == "--while-locked":
        command, wait = command[2:], partial(wait_for_the_end_of_the_holder, command[1])
    is_alone = command[0] == "--alone"
    if is_alone:
        command, wait = command[1:], threading.Event().wait
        # A terminal sends it to the command as well.
        signal.signal(signal.SIGINT, lambda *_: None)
    # A handler instead of SIG_IGN: an ignored signal would stay ignored in the command.
    signal.signal(signal.SIGTERM, lambda *_: is_asked.set())
    adopt_orphans()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    if is_alone:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end_worker, args=(process.pid,)).start())
    threading.Thread(target=_watch, args=(wait,), daemon=True).start()
    code = wait_for_the_end_of(process.pid)
    if is_asked.is_set() and wait is wait_for_the_end_of_the_asker:
        # The whole group has the signal. The shell between DVC and a stage dies of it at once; the stage itself keeps
        # a checkpoint first. When the grace is over, the asker closes its pipe, and what is left is killed.
        psutil.wait_procs(psutil.Process().children(recursive=True))
    kill_descendants()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
