"""Two stages never work on one device of a machine, whatever Prefect's server has forgotten."""

import select
import subprocess
import sys

import pytest

HOLDER = """
import sys, time
from flows.devices import alone_on_this_machine
print("asks", flush=True)
with alone_on_this_machine(sys.argv[1:]):
    print("holds", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Start a process that asks for devices; gives it once it asks."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    begun = []

    def begin_one(*devices: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-c", HOLDER, *devices], stdout=subprocess.PIPE, bufsize=0)
        begun.append(process)
        assert process.stdout.readline() == b"asks\n"
        return process

    yield begin_one
    for process in begun:
        process.kill()
        process.communicate()


def says(process: "subprocess.Popen[bytes]", seconds: float) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline() if select.select([process.stdout], [], [], seconds)[0] else b""


def test_a_device_is_free_once_who_held_it_was_killed(begin):
    first = begin("gpu:a/b:0", "gpu:a/b:1")
    assert says(first, 30) == b"holds\n"
    second, elsewhere = begin("gpu:a/b:1", "gpu:a/b:2"), begin("gpu:a/b:3")
    assert says(elsewhere, 30) == b"holds\n"
    assert says(second, 1) == b""
    first.kill()
    assert says(second, 30) == b"holds\n"
