"""Two retrains of one commit at once: the second waits for the first and gives its answer."""

import json
import subprocess
from pathlib import Path

import pytest

from components.lineage.journal import journal_url
from components.revisions.home import Home
from components.revisions.leases import lease
from tests.flows.test_kills import hanging_stage, wait_for
from tests.small_house import fusar, run, traced

PATIENCE_SECONDS = 180


def waiting(process: "subprocess.Popen[str]") -> str:
    """The line in which a command says whom it waits for."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(("profile laptop: waiting for", "waiting for")):
            return line.strip().removesuffix(" ...")
    raise AssertionError(f"it did not wait: {process.communicate()}")


def let_go(house: Path) -> None:
    Path(f"{house.parent / 'trace'}.go-on").touch()


def test_a_second_retrain_of_the_commit_waits_and_answers_what_the_first_made(house):
    first = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="count")
    hanging_stage(house, first)
    refused = fusar(house, "retrain")
    assert "another process is working on it" in refused.communicate(timeout=PATIENCE_SECONDS)[1]
    second = fusar(house, "retrain", "--wait")
    assert waiting(second).endswith("the same commit: its answer will be this one's")
    let_go(house)
    (said, errors), (same, more) = (command.communicate(timeout=PATIENCE_SECONDS) for command in (first, second))
    assert (first.returncode, second.returncode) == (0, 0), errors + more
    assert traced(house.parent / "trace") == ["cut", "count", "total"]
    assert "adder/1  new" in said
    assert "adder/1  known" in same and "no run, no new version" in same


@pytest.mark.slow
def test_a_failure_is_the_answer_of_all_that_joined_and_is_tried_once(house):
    first = fusar(house, "retrain", SMALL_HOUSE_HANG_AT="cut", SMALL_HOUSE_FAIL_AT="cut")
    hanging_stage(house, first)
    second = fusar(house, "retrain", "--wait")
    waiting(second)
    wait_for(lambda: json.loads(Home(house).busy_file("laptop").read_text())["work"], "the holder's word")
    let_go(house)
    first.communicate(timeout=PATIENCE_SECONDS)
    _, errors = second.communicate(timeout=PATIENCE_SECONDS)
    assert (first.returncode, second.returncode) == (1, 1)
    assert "a retrain of the same commit ran already and failed: stage cut: a file of the test" in errors
    assert traced(house.parent / "trace") == ["cut"]
    again = fusar(house, "retrain")
    again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0


def test_a_retrain_of_the_commit_on_another_machine_is_waited_for(house):
    commit = run(house, "git", "rev-parse", "HEAD").stdout.strip()
    with lease(journal_url(house), f"retrain-{commit}-laptop", "a retrain on another machine"):
        here = fusar(house, "retrain")
        assert waiting(here) == "waiting for a retrain on another machine"
        assert traced(house.parent / "trace") == []
    assert "adder/1  new" in here.communicate(timeout=PATIENCE_SECONDS)[0]


def test_the_name_of_a_profile_never_becomes_a_file_elsewhere(house):
    refused = fusar(house, "retrain", "--profile", "../../escaped")
    _, errors = refused.communicate(timeout=PATIENCE_SECONDS)
    assert "profile '../../escaped'" in errors
    assert not list(house.parent.glob("escaped*"))
