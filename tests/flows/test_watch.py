"""The watch on a real Prefect server, with a real git remote: one retrain for each commit and profile."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterIdempotencyKey,
)
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled, Crashed, Failed

from components.revisions.home import Home
from components.tracking.runs import Tracking
from flows.deployments import deploy
from flows.server import OWN_SERVER
from flows.triggers.starting import start_once
from flows.triggers.watch import watch
from tests.components.arrivals.stac_api import item, serving
from tests.small_house import commit, run


@pytest.fixture(scope="module")
def deployed(house_with_runs: Path) -> None:
    """The deployments of prefect.yaml on the server of the tests."""
    deploy(Home(house_with_runs))


@pytest.fixture
def watched(house: Path, deployed: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The small house with a remote `origin`, and a clone of it in which somebody else commits."""
    remote, elsewhere = house.parent / "remote.git", house.parent / "elsewhere"
    run(house.parent, "git", "clone", "--quiet", "--bare", str(house), str(remote))
    run(house.parent, "git", "clone", "--quiet", str(remote), str(elsewhere))
    subprocess.run(["git", "remote", "add", "origin", str(remote)], cwd=house, check=True)
    monkeypatch.chdir(house)
    monkeypatch.delenv(OWN_SERVER, raising=False)  # the server of the tests takes events as one of `make up` does
    return house, elsewhere


def push(elsewhere: Path) -> str:
    tip = commit(elsewhere, "new data")
    run(elsewhere, "git", "push", "--quiet", "origin", "main")
    return tip


def runs_of(commit: str) -> list[FlowRun]:
    keys = [f"retrain {commit} {profile} {n}" for profile in ("laptop", "tiny") for n in (1, 2, 3)]
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=keys))
    with get_client(sync_client=True) as client:
        return sorted(client.read_flow_runs(flow_run_filter=wanted), key=lambda found: str(found.idempotency_key))


def end(found: FlowRun, state: object) -> None:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(found.id, state, force=True)


def look(*, profiles: tuple[str, ...] = ("laptop",), branch: str = "main", stac: tuple = ()) -> str:
    state = watch("origin", branch, list(profiles), list(stac), return_state=True)
    return f"{state.name}: {state.message}"


def test_a_new_commit_is_retrained_once_for_each_profile_however_often_it_is_looked_at(watched):
    house, elsewhere = watched
    tip = push(elsewhere)
    assert look(profiles=("laptop", "tiny")) == f"Completed: {tip[:12]} laptop: started; {tip[:12]} tiny: started"
    assert look(profiles=("laptop",)) == f"Completed: {tip[:12]} laptop: scheduled"
    found = runs_of(tip)
    assert [(one.parameters["profile"], one.parameters["revision"]) for one in found] == [
        ("laptop", tip),
        ("tiny", tip),
    ]
    assert run(house, "git", "cat-file", "-t", tip).stdout.strip() == "commit"  # the retrain finds it here
    later = push(elsewhere)
    assert "laptop: started" in look()
    assert len(runs_of(later)) == 1


def test_twelve_who_hear_of_a_commit_at_once_start_it_once(watched):
    house, elsewhere = watched
    tip = push(elsewhere)
    with ThreadPoolExecutor(12) as pool:
        # Prefect's settings are those of a context, and a thread begins without one.
        asked = [pool.submit(copy_context().run, start_once, house, tip, "laptop") for _ in range(12)]
        answers = [one.result() for one in asked]
    assert len(runs_of(tip)) == 1
    assert set(answers) <= {"started", "scheduled"}


def test_a_crashed_retrain_is_started_again_a_failed_or_cancelled_one_is_not(watched):
    house, elsewhere = watched
    tip = push(elsewhere)
    for attempt in (1, 2, 3):
        assert start_once(house, tip, "laptop") == "started"
        assert len(runs_of(tip)) == attempt
        end(runs_of(tip)[-1], Crashed())
    assert start_once(house, tip, "laptop") == "crashed"
    for state in (Failed(), Cancelled()):
        other = push(elsewhere)
        assert start_once(house, other, "laptop") == "started"
        end(runs_of(other)[0], state)
        assert start_once(house, other, "laptop") == state.name.lower()
        assert len(runs_of(other)) == 1


def test_what_a_person_has_retrained_is_not_retrained_again(watched):
    house, elsewhere = watched
    tip = push(elsewhere)
    tracking = Tracking(house)
    tracking.finish_retrain_run(tracking.start_retrain_run(tip, "laptop", "none"), "FINISHED")
    assert start_once(house, tip, "laptop") == "retrained"
    assert start_once(house, tip, "tiny") == "started"


def test_a_place_that_does_not_answer_keeps_nobody_from_the_others(watched):
    _, elsewhere = watched
    tip = push(elsewhere)
    with serving("broken") as broken, serving("query") as good:
        good.items = [item(1, "2026-02-02T00:00:00Z")]
        stac = [{"url": broken.url}, {"url": good.url, "since": "2026-02-01T00:00:00Z"}]
        said = look(stac=tuple(stac))
        assert said.startswith(f"Failed: {broken.url}")
        assert f"{tip[:12]} laptop: started" in said and f"{good.url}: 1 new items" in said
        good.items.append(item(2, "2026-02-03T00:00:00Z"))
        assert f"{good.url}: 1 new items" in look(stac=tuple(stac[1:]))
    assert "remote 'origin' has none of this name" in look(branch="none")


def test_a_remote_that_is_gone_is_a_failure_with_its_name(watched):
    house, _ = watched
    shutil.rmtree(house.parent / "remote.git")
    assert "Failed: git" in look()
