"""`fusar retrain` as a person types it, stopped at a stage for as long as a test needs."""

import subprocess
from pathlib import Path

from tests.faults.asking import wait_for
from tests.small_house import fusar, traced

PATIENCE_SECONDS = 600


def retrain(house: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """The command from its start to its end."""
    process = fusar(house, "retrain", **more)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess([], process.returncode, stdout, stderr)


class Stopped:
    """A retrain that waits inside a stage until it is let go."""

    def __init__(self, house: Path, stage: str) -> None:
        self._trace = house.parent / "trace"
        self._process = fusar(house, "retrain", SMALL_HOUSE_HANG_AT=stage)
        pid = house.parent / "trace.pid"
        wait_for(lambda: (pid.exists() and pid.read_text()) or self._process.poll() is not None, f"stage {stage}")

    def go_on(self) -> "subprocess.CompletedProcess[str]":
        """Let the stage go on, and wait for the end of the command."""
        self._trace.with_name("trace.go-on").touch()
        stdout, stderr = self._process.communicate(timeout=PATIENCE_SECONDS)
        return subprocess.CompletedProcess([], self._process.returncode, stdout, stderr)


def ran(house: Path) -> list[str]:
    """Stages that have really run since the last time this was asked."""
    stages = traced(house.parent / "trace")
    (house.parent / "trace").unlink(missing_ok=True)
    return stages
