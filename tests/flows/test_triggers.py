"""From a push to a new version, unattended: a forge's notification, Prefect's automation, `watch`, the workers."""

import secrets
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.server import API_URL
from tests.flows.test_services import (
    PATIENCE_SECONDS,
    alone,  # noqa: F401
    flow_runs,
    free_ports,
    nothing_is_left,
    run,
    start,
    wait_for,
    wait_until_up,
)
from tests.flows.test_webhook import Listening
from tests.small_house import built_house, commit, dvc, traced  # noqa: F401
from tests.small_house import run as command


def push_a_scene(elsewhere: Path, store: Path) -> str:
    """What a person does who has a new scene, in a clone of the repository."""
    dvc(elsewhere, "remote", "modify", "--local", "local", "url", str(store))
    dvc(elsewhere, "pull", "--quiet", "data.dvc")
    (elsewhere / "data/3.txt").write_text("scene number 3")
    dvc(elsewhere, "add", "--quiet", "data")
    dvc(elsewhere, "push", "--quiet", "data.dvc")
    tip = commit(elsewhere, "a new scene")
    command(elsewhere, "git", "push", "--quiet", "origin", "main")
    return tip


def delivered(listening: Listening, tip: str, delivery: str) -> int:
    """The last answer to a notification: where a busy server did not take it, its sender delivers it again."""
    for _ in range(10):
        if (answer := listening.push(tip, delivery)[0]) != 503:
            break
        time.sleep(1)
    return answer


@pytest.mark.slow
def test_a_push_that_many_tell_of_makes_one_retrain_and_one_version(alone, request):  # noqa: F811
    remote, elsewhere = alone.parent / "remote.git", alone.parent / "elsewhere"
    command(alone.parent, "git", "clone", "--quiet", "--bare", str(alone), str(remote))
    command(alone.parent, "git", "clone", "--quiet", str(remote), str(elsewhere))
    subprocess.run(["git", "remote", "add", "origin", str(remote)], cwd=alone, check=True)
    ports = free_ports()
    process = start(alone, ports)
    services = wait_until_up(alone, process)
    more = {API_URL: services.prefect_api, "PREFECT_HOME": str(alone.parent / "client")}
    request.addfinalizer((listening := Listening(alone)).process.kill)
    tip = push_a_scene(elsewhere, alone / ".fusar/remote")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: delivered(listening, tip, f"d-{number}"), range(6)))
    assert set(answers) <= {202, 409} and 202 in answers
    # A commit that exists nowhere makes `watch` look, and find what it has found before.
    assert listening.push(secrets.token_hex(20), "forged by who knows the secret")[0] == 202
    for _ in range(2):
        assert run(alone, ports, "prefect", "deployment", "run", "watch/workers", **more).returncode == 0
    wait_for(lambda: any(one["end_time"] for one in flow_runs(services, "retrain")), "the end of the retrain")
    (retrain,) = flow_runs(services, "retrain")
    assert retrain["state_name"] == "Completed", retrain["state"]["message"]
    wait_for(
        lambda: (done := flow_runs(services, "watch")) and all(one["state_type"] == "COMPLETED" for one in done),
        "all looks",
    )
    time.sleep(1)
    (retrain,) = flow_runs(services, "retrain")
    assert retrain["parameters"]["revision"] == tip
    assert "adder/1" in retrain["state"]["message"]
    assert traced(alone.parent / "trace") == ["cut", "count", "total"]
    looks = [one["state"]["message"] for one in flow_runs(services, "watch")]
    assert sum("started" in look for look in looks) == 1 and len(looks) >= 4, looks
    assert "told: commit" in listening.stop()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(alone, ports)


@pytest.mark.slow
def test_three_retrains_of_one_commit_at_once_are_one(alone):  # noqa: F811
    ports = free_ports()
    process = start(alone, ports, SMALL_HOUSE_HANG_AT="count")
    services = wait_until_up(alone, process)
    for _ in range(3):
        more = {API_URL: services.prefect_api, "PREFECT_HOME": str(alone.parent / "client")}
        assert run(alone, ports, "prefect", "deployment", "run", "retrain/workers", **more).returncode == 0
    wait_for(lambda: (alone.parent / "trace.pid").exists(), "the stage")
    wait_for(
        lambda: sum(one["state_type"] == "RUNNING" for one in flow_runs(services, "retrain")) == 3, "all three retrains"
    )
    (alone.parent / "trace.go-on").touch()
    wait_for(
        lambda: all(one["state_type"] == "COMPLETED" for one in flow_runs(services, "retrain")), "the end of all three"
    )
    messages = sorted(one["state"]["message"].split(": ", 1)[1] for one in flow_runs(services, "retrain"))
    assert messages == ["nothing was stale; adder/1", "nothing was stale; adder/1", "up to date; adder/1"]
    assert traced(alone.parent / "trace") == ["cut", "count", "total"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(alone, ports)
