"""Processes on the clock: what a command took, and what the stage's own command took within it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orchestration.errors import ContestantFailed

_SHIM = """#!{python} -SE
import json, os, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call([{python!r}, *sys.argv[1:]])
used = os.times()
spent = [time.perf_counter() - began, used.children_user + used.children_system]
with open({file!r}, "w") as file:
    json.dump(spent, file)
sys.exit(code)
"""


@dataclass(frozen=True)
class Spent:
    """Time of one process with all of its children.

    Attributes:
        wall_s: from its start to its end [s].
        cpu_s: processor time [s].
    """

    wall_s: float
    cpu_s: float

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


NOTHING = Spent(0.0, 0.0)


def timed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[Spent, str]:
    """Run one command to its end; its time and all that it said.

    Raises:
        ContestantFailed: it ended with an error.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode != 0:
        raise ContestantFailed(" ".join(command[-2:]), f"it ended with code {process.returncode}", said)
    return Spent(wall_s, usage.ru_utime + usage.ru_stime), said


class CommandClock:
    """Times the command that DVC starts within a stage: a `python` that stands first on the path and tells its time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "spent.json"
        folder.mkdir(parents=True, exist_ok=True)
        shim = folder / "python"
        shim.write_text(_SHIM.format(python=sys.executable, file=str(self._file)), encoding="utf-8")
        shim.chmod(0o755)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The same variables with the clock on the path; what was told before is forgotten."""
        self._file.unlink(missing_ok=True)
        return {**base, "PATH": os.pathsep.join((str(self._folder), base["PATH"]))}

    def read(self) -> Spent:
        """What the newest command took; nothing where DVC started none."""
        return Spent(*json.loads(self._file.read_text())) if self._file.exists() else NOTHING
