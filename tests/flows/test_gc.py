"""A garbage collection without any age limit beside a real retrain: the retrain loses nothing."""

import time
from pathlib import Path

import psutil
import pytest

from tests.small_house import fusar, traced

PATIENCE_SECONDS = 120


@pytest.mark.slow
def test_a_retrain_that_runs_meanwhile_goes_on_as_if_nothing_had_been(house: Path) -> None:
    flow = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="count")
    file, until = house.parent / "trace.pid", time.monotonic() + PATIENCE_SECONDS
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < until and flow.poll() is None, flow.communicate()
        time.sleep(0.1)
    collection = fusar(house, "gc", "--older-than", "0", "--yes")
    said, errors = collection.communicate(timeout=PATIENCE_SECONDS)
    assert collection.returncode == 0, errors
    assert "wait for open retrains: on laptop" in said
    assert psutil.pid_exists(int(file.read_text()))
    (house.parent / "trace.go-on").touch()
    stdout, stderr = flow.communicate(timeout=PATIENCE_SECONDS)
    assert flow.returncode == 0, stderr
    assert traced(house.parent / "trace") == ["cut", "count", "total"]
    assert "adder/1  new  champion" in stdout
