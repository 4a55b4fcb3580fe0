"""Machines with addresses of their own: network namespaces on a switch that is a namespace too.

The machine of the tests is not on that network. Linux, root and iproute2 are needed; cutting a port needs iptables.
The mount namespace of a machine shows it one folder, always under the same name, and hides those of all others.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.fleet.machines import Machine
from tests.fleet.reaper import Reaper, end

# Before the command: show the machine's own folder as `home`, then hide the folder that holds those of all.
_ALONE = 'mount --bind "$1" "$2"; mount -t tmpfs none "$3"; cd "$2"; shift 3; exec "$@"'
_NUMBERS = count()


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


def missing_for_cuts() -> str:
    """What cutting a single port would need here."""
    return "" if shutil.which("iptables") else "no iptables: apt-get install iptables"


@contextmanager
def network(folder: Path, *names: str) -> Iterator[dict[str, Machine]]:
    """Machines on a switch of their own, at 10.77.0.1 and up; nothing of them is left afterwards."""
    tag = f"fusar-{os.getpid()}-{next(_NUMBERS)}"
    switch, spaces = f"{tag}-switch", {name: f"{tag}-{name}" for name in names}
    machines: dict[str, Machine] = {}
    (folder / "home").mkdir(parents=True)
    reaper = Reaper()
    for space in (*spaces.values(), switch):
        reaper.tell("space", space)
    try:
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        for number, (name, space) in enumerate(spaces.items(), start=1):
            address, own, home = f"10.77.0.{number}", folder / "machines" / name, folder / "home"
            own.mkdir(parents=True)
            _plug_in(switch, space, address)
            alone = ("sh", "-ec", _ALONE, "sh", str(own), str(home), str(own.parent))
            machines[name] = Machine(name, address, own, home, reaper, ("ip", "netns", "exec", space, *alone))
        yield machines
    finally:
        for machine in reversed(machines.values()):
            machine.stop()
        for space in (*spaces.values(), switch):
            end("space", space)
        reaper.done()


def _plug_in(switch: str, space: str, address: str) -> None:
    """One namespace with a cable to the switch."""
    port = f"p{address.rsplit('.', 1)[-1]}"
    _ip("netns", "add", space)
    _ip("-n", space, "link", "set", "lo", "up")
    _ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", switch)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", space, "link", "set", "eth0", "up")


@contextmanager
def cut_off(machine: Machine, *ports: int) -> Iterator[None]:
    """For the block, nothing goes between a machine and some ports of all others, and nobody is told; without a port,
    its cable is unplugged."""
    rules = [
        rule
        for port in ports
        for rule in (("OUTPUT", "-p", "tcp", "--dport", str(port)), ("INPUT", "-p", "tcp", "--sport", str(port)))
    ]
    try:
        for rule in rules:
            machine.run("iptables", "--append", *rule, "--jump", "DROP")
        if not ports:
            machine.run("ip", "link", "set", "eth0", "down")
        yield
    finally:
        for rule in rules:
            machine.run("iptables", "--delete", *rule, "--jump", "DROP")
        if not ports:
            machine.run("ip", "link", "set", "eth0", "up")


def dropped(machine: Machine) -> int:
    """How many packets found a cut port since it was cut."""
    said = machine.run("iptables", "--list", "--numeric", "--verbose", "--exact").stdout
    return sum(int(line.split()[0]) for line in said.splitlines() if " DROP " in line)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
