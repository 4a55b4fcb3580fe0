"""Contestants as programs that were loaded once and are told when to cut."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.orchestration.errors import ContestantFailed


@dataclass(frozen=True)
class Contestant:
    """A program of `contestants/`.

    Attributes:
        command: program and arguments.
        environment: all of its variables.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Running:
    """A contestant that is loaded and waits."""

    name: str
    process: "subprocess.Popen[str]"
    errors: IO[str]

    def told(self, what: str) -> dict[str, Any]:
        """Its answer to `time` or `check`.

        Raises:
            ContestantFailed: it ended instead.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        self.errors.seek(0)
        raise ContestantFailed(self.name, "it ended", self.errors.read())


@contextmanager
def started(contestant: Contestant, folder: Path) -> Iterator[Running]:
    """Load a contestant, and end it."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            contestant.command,
            cwd=folder,
            env=dict(contestant.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Running(contestant.name, process, errors)
        finally:
            process.kill()
            process.communicate()
