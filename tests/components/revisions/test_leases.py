import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from components.revisions import objects
from components.revisions.errors import LeaseUnreachable
from components.revisions.leases import FOLDER, lease
from components.revisions.processes import is_gone, this_process
from tests.small_house import ROOT

KEY = "a" * 64
HOLDER = """
import os, sys, time
from pathlib import Path
from components.revisions.leases import lease
url, key, seconds, inside, marks = sys.argv[1:]
for _ in range(int(marks)):
    with lease(url, key, f"process {os.getpid()}", float(seconds)):
        mark = Path(url) / "inside"
        mark.touch(exist_ok=False)  # fails where somebody else is inside
        time.sleep(float(inside))
        mark.unlink()
"""


def start(url: Path, seconds: float, inside: float, times: int = 1) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", HOLDER, str(url), KEY, str(seconds), str(inside), str(times)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def objects_of(url: Path) -> list[Path]:
    folder = url / FOLDER / KEY
    return sorted(folder.iterdir()) if folder.exists() else []


def until_held(url: Path) -> None:
    end = time.monotonic() + 60
    while not (url / "inside").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_of_six_processes_that_want_it_eight_times_each_never_two_have_it(tmp_path):
    processes = [start(tmp_path, 60, 0.002, 8) for _ in range(6)]
    said = [process.communicate(timeout=120)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, "".join(said)
    numbers = sorted(int(left.stem) for left in objects_of(tmp_path))
    assert numbers == list(range(40, 49))
    assert json.loads((tmp_path / FOLDER / KEY / "48.json").read_text())["is_released"]


def test_who_was_slow_between_looking_and_taking_waits_for_who_came_before(tmp_path, monkeypatch):
    url, create, others, waited = str(tmp_path), objects.create, ExitStack(), []

    def create_late(files, path, content):
        """Twelve come and go, and one comes and stays, after this one looked."""
        monkeypatch.setattr(objects, "create", create)
        for _ in range(12):
            with lease(url, KEY, "who came and went", 60):
                pass
        others.enter_context(lease(url, KEY, "who is inside", 60))
        create(files, path, content)

    def told(holder):
        waited.append(holder)
        others.close()

    monkeypatch.setattr(objects, "create", create_late)
    with lease(url, KEY, "who was slow", 60, told):
        assert waited == ["who is inside"]


def test_the_next_waits_for_the_holder_and_is_told_who_that_is(tmp_path):
    waited: list[str] = []
    with start(tmp_path, 60, 1.0) as other:
        until_held(tmp_path)
        with lease(str(tmp_path), KEY, "the next", 60, waited.append):
            assert not (tmp_path / "inside").exists()
        assert other.wait(60) == 0
    assert waited == [f"process {other.pid}"]


def test_a_holder_that_was_killed_on_this_machine_is_not_waited_for(tmp_path):
    with start(tmp_path, 600, 600) as other:
        until_held(tmp_path)
        other.kill()
        other.wait()
    started = time.monotonic()
    with lease(str(tmp_path), KEY, "the next", 600):
        assert time.monotonic() - started < 30


def test_a_holder_on_another_machine_keeps_it_while_it_renews_and_loses_it_when_it_does_not(tmp_path):
    waited: list[str] = []
    with lease(str(tmp_path), KEY, "this one", 0.6):
        (held,) = objects_of(tmp_path)
        time.sleep(2.0)
        assert json.loads(held.read_text())["renewals"] >= 3
    # What a machine leaves that was cut off: nothing but an object that nobody renews.
    left = json.loads(held.read_text()) | {"process": "elsewhere/ 1 1.00", "is_released": False}
    held.write_text(json.dumps(left))
    started = time.monotonic()
    with lease(str(tmp_path), KEY, "the next", 0.6, waited.append):
        assert time.monotonic() - started >= 0.6
        assert [path.name for path in objects_of(tmp_path)] == ["1.json", "2.json"]
    assert waited == ["this one"]


def test_who_was_cut_off_for_too_long_takes_nothing_back(tmp_path):
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with lease(str(tmp_path), KEY, "the one cut off", 600):
            inside.set()
            go_on.wait(60)

    first = threading.Thread(target=hold)
    first.start()
    inside.wait(60)
    (held,) = objects_of(tmp_path)
    held.write_text(json.dumps(json.loads(held.read_text()) | {"process": "elsewhere/ 1 1.00"}))
    with lease(str(tmp_path), KEY, "the next", 0.3):
        before = [(path.name, path.read_text()) for path in objects_of(tmp_path)]
        go_on.set()
        first.join(60)
        after = [(path.name, path.read_text()) for path in objects_of(tmp_path)]
    assert [name for name, _ in before] == [name for name, _ in after] == ["1.json", "2.json"]
    assert not json.loads(after[1][1])["is_released"]


def test_a_store_that_does_not_answer_is_one_clear_error_after_the_length_of_a_lease(tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    started = time.monotonic()
    with (
        pytest.raises(LeaseUnreachable, match="store: no lease can be taken"),
        lease(str(tmp_path / "store"), KEY, "nobody", 0.5),
    ):
        pass
    assert 0.5 <= time.monotonic() - started < 30


@pytest.mark.parametrize("key", ["", "..", "../x", "a/b", ".a"])
def test_a_key_cannot_leave_the_folder_of_leases(key, tmp_path):
    with pytest.raises(ValueError, match="no key"), lease(str(tmp_path), key, "nobody"):
        pass


def test_a_process_is_gone_once_it_has_ended_and_never_one_of_another_machine():
    here, started = this_process().split(" ")[0], "1.00"
    assert not is_gone(this_process())
    assert is_gone(f"{here} {os.getpid()} {started}")
    assert not is_gone(f"elsewhere/ {os.getpid()} {started}")
