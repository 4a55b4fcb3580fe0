"""One command on the clock: what it took, all of its children included, and what it said."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orchestration.errors import ContestantFailed


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


def timed(command: Sequence[str], folder: Path, environment: Mapping[str, str], name: str = "") -> tuple[Spent, str]:
    """Run one command to its end; its time and all that it said.

    Args:
        command: program and arguments.
        folder: its working directory.
        environment: all of its variables.
        name: of it in an error; else its last words stand for it.

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
        # wait4 and no `wait`: the kernel hands over the processor time of exactly this process and its children.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode != 0:
        raise ContestantFailed(name or " ".join(command[-2:]), f"it ended with code {process.returncode}", said)
    return Spent(wall_s, usage.ru_utime + usage.ru_stime), said
