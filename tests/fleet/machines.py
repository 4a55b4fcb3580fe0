"""Machines of a fleet: each has an address and a folder of its own, and reaches the others over TCP alone.

On Linux, as root and with iproute2, a machine is a network namespace on a switch that is a namespace too: the machine
of the tests is not on that network. Its mount namespace shows it one folder, always under the same name, and hides
those of all others. Without namespaces a machine is this one: the loopback address and a folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 240.0
# What a shell of a fresh machine has, and nothing of the tests' own environment: no proxy, no address, no path.
BARE = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# Before the command: show the machine's own folder as `home`, then hide the folder that holds those of all.
_ALONE = 'mount --bind "$1" "$2"; mount -t tmpfs none "$3"; cd "$2"; shift 3; exec "$@"'


def missing_for_namespaces() -> str:
    """What network namespaces would need here; empty where they work."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need `ip` (iproute2)"
    probe = f"probe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "delete", probe], capture_output=True, check=False)
    return "" if made.returncode == 0 else f"this kernel makes no network namespace ({made.stderr.strip()})"


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What the condition answers, once that is something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.1)
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
        elsewhere: folders outside of its own, removed in the end.
    """

    name: str
    address: str
    folder: Path
    home: Path
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
        return process

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


def this_machine(folder: Path) -> Machine:
    """The machine of the tests, with its loopback address."""
    folder.mkdir(parents=True, exist_ok=True)
    return Machine("here", "127.0.0.1", folder, folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def network(folder: Path, *names: str) -> Iterator[dict[str, Machine]]:
    """Machines on a switch of their own, at 10.77.0.1 and up; nothing of them is left afterwards."""
    tag = f"f{os.getpid():x}"[-8:]
    switch = f"{tag}-sw"
    machines: dict[str, Machine] = {}
    home = folder / "home"
    home.mkdir(parents=True)
    try:
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        for number, name in enumerate(names, start=1):
            machines[name] = _plug_in(folder, switch, f"{tag}-{number}", f"10.77.0.{number}", name)
        yield machines
    finally:
        for machine in reversed(machines.values()):
            machine.stop()
        for number in range(1, len(names) + 1):
            subprocess.run(["ip", "netns", "delete", f"{tag}-{number}"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", switch], capture_output=True, check=False)


def _plug_in(folder: Path, switch: str, space: str, address: str, name: str) -> Machine:
    """One namespace with a cable to the switch."""
    port = f"p{address.rsplit('.', 1)[-1]}"
    _ip("netns", "add", space)
    _ip("-n", space, "link", "set", "lo", "up")
    _ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", switch)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", space, "link", "set", "eth0", "up")
    own, home = folder / "machines" / name, folder / "home"
    own.mkdir(parents=True)
    alone = ("sh", "-ec", _ALONE, "sh", str(own), str(home), str(folder / "machines"))
    return Machine(name, address, own, home, ("ip", "netns", "exec", space, *alone))


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
