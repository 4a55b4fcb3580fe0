"""Machines of a fleet: each has an address and a folder of its own, and reaches the others over TCP alone.

This one, the machine of the tests, has the loopback address and a folder; those of a network are in network.py.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fleet.reaper import Reaper

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 900.0
# What a shell of a fresh machine has, and nothing of the tests' own environment: no proxy, no address, no path.
BARE = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What the condition answers, once that is something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(1)  # most conditions start a process: on a busy machine they would keep it busy
    return found


@dataclass
class Machine:
    """One machine of a fleet.

    Attributes:
        name: of it; its folder's name too.
        address: IPv4 address.
        folder: of its files, as others than the machine itself see it.
        home: the same folder as the machine sees it.
        enter: words before each command.
        reaper: told of all that has to end when the test does.
        elsewhere: folders outside of its own, removed in the end.
    """

    name: str
    address: str
    folder: Path
    home: Path
    reaper: Reaper
    enter: tuple[str, ...] = ()
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    elsewhere: list[Path] = field(default_factory=list)

    def start(self, name: str, *command: str, **variables: str) -> "subprocess.Popen[bytes]":
        """A process that goes on; all that it says is in NAME.log of the machine's folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.enter, *command],
                cwd=None if self.enter else self.home,
                env=self.variables(variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        self.reaper.tell("group", process.pid)
        return process

    def temporary(self, prefix: str) -> Path:
        """A folder that other users of the machine may look into, gone in the end."""
        folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-"))
        self.elsewhere.append(folder)
        self.reaper.tell("folder", folder)
        return folder

    def run(self, *command: str, check: bool = True, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A command that ends; a failure shows what it said."""
        done = subprocess.run(
            [*self.enter, *command],
            cwd=None if self.enter else self.home,
            env=self.variables(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{self.name}: {' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        return {**BARE, "PATH": path, "HOME": str(self.home), "PYTHONPATH": str(ROOT), **more}

    def listens(self, port: int) -> bool:
        """Whether something takes connections at a port of this machine, asked from the machine itself."""
        question = f"import socket; socket.create_connection(({self.address!r}, {port}), 2).close()"
        return self.run(sys.executable, "-S", "-c", question, check=False).returncode == 0

    def answers(self, url: str) -> bool:
        """Whether an address answers this machine with success."""
        question = f"import urllib.request as u; u.urlopen({url!r}, timeout=5)"
        return self.run(sys.executable, "-S", "-c", question, check=False).returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        """End what was started, the newest first; what does not end is killed."""
        for process in reversed(self.processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self.processes.clear()
        for folder in self.elsewhere:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def this_machine(folder: Path) -> Iterator[Machine]:
    """The machine of the tests, with its loopback address; nothing that it started is left afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = Machine("here", "127.0.0.1", folder, folder, Reaper())
    try:
        yield machine
    finally:
        machine.stop()
        machine.reaper.done()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
