"""Turns at a profile: real processes that hold, wait, fail and are killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.revisions.errors import Busy, JoinedFailed
from components.revisions.home import Home
from components.revisions.turns import Holder, taking_turns

HOLD = """
import sys, time
from pathlib import Path
from components.revisions.home import Home
from components.revisions.turns import taking_turns
root, work, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with taking_turns(Home(root), "tiny", work, lambda holder: print("waits for", holder and holder.work, flush=True)):
    print("holds", flush=True)
    while not (root / "go on").exists():
        time.sleep(0.02)
    if how == "fail":
        raise ValueError("no such scene")
    if how == "cancel":
        raise KeyboardInterrupt
"""


def hold(root: Path, work: str, how: str = "end") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(root), work, how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def says(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ends(root: Path, *processes: "subprocess.Popen[str]") -> list[str]:
    """Let all go on; the last line that each said, an error's message among them."""
    (root / "go on").touch()
    said = [process.communicate(timeout=60) for process in processes]
    return [[*output.splitlines(), *errors.splitlines(), ""][-2] if output or errors else "" for output, errors in said]


def test_who_does_not_wait_is_refused_and_wipes_nothing_out(tmp_path):
    first = hold(tmp_path, "a1")
    assert says(first) == "holds"
    for _ in range(2):
        with pytest.raises(Busy, match="profile tiny"), taking_turns(Home(tmp_path), "tiny", "a1", None):
            pass
        with pytest.raises(Busy), Home(tmp_path).busy("tiny"):
            pass
    second = hold(tmp_path, "b2")
    assert says(second) == "waits for a1"  # what the holder wrote is still there
    assert ends(tmp_path, second) == ["holds"]
    assert first.wait(60) == 0


@pytest.mark.parametrize(
    ("work", "how", "answer"),
    [
        ("a1", "fail", "failed: no such scene"),  # the same work: its failure is told on
        ("a1", "cancel", "holds"),  # a cancelled one has decided nothing
        ("b2", "fail", "holds"),  # other work
        ("", "fail", "holds"),  # forced: it runs by itself
        ("a1", "end", "holds"),
    ],
)
def test_all_who_wait_share_the_failure_of_the_same_work(work, how, answer, tmp_path):
    first = hold(tmp_path, work, how)
    assert says(first) == "holds"
    others = [hold(tmp_path, "" if work == "" else "a1") for _ in range(2)]
    assert [says(other) for other in others] == [f"waits for {work}".strip()] * 2
    first_said, *said = ends(tmp_path, first, *others)
    assert all(answer in line for line in said), (first_said, said)


def test_after_kill_9_the_next_goes_on(tmp_path):
    first = hold(tmp_path, "a1")
    assert says(first) == "holds"
    second = hold(tmp_path, "a1")
    assert says(second) == "waits for a1"
    first.kill()
    assert ends(tmp_path, second) == ["holds"]


def test_a_failure_of_before_is_none_of_who_did_not_wait_for_it(tmp_path):
    first = hold(tmp_path, "a1", "fail")
    assert says(first) == "holds"
    assert "no such scene" in ends(tmp_path, first)[0]
    with taking_turns(Home(tmp_path), "tiny", "a1", None):
        pass


def test_a_file_that_says_nothing_is_waited_for_all_the_same(tmp_path):
    home, told = Home(tmp_path), list[Holder | None]()
    with home.busy("tiny"):
        second = hold(tmp_path, "a1")
        assert says(second) == "waits for None"
        time.sleep(0.1)
    assert ends(tmp_path, second) == ["holds"]
    home.busy_file("tiny").write_text("{half")
    with taking_turns(home, "tiny", "a1", told.append):
        pass
    assert told == []


def test_the_error_can_be_sent_and_says_what_happened():
    assert str(JoinedFailed("tiny", "stage cut: bad.")) == (
        "profile tiny: a retrain of the same commit ran already and failed: stage cut: bad. Start another."
    )
