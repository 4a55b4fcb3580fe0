"""`make up` and `make down`: real servers and workers on free ports, with the small house as the repository."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from components.revisions.home import Home
from flows.errors import DatabaseInUse
from flows.server import API_URL, prefect_server
from flows.services import (
    MLFLOW_PORT,
    PREFECT_PORT,
    Services,
    announce,
    owning_the_database,
    running_services,
    sharing_the_database,
)
from tests.small_house import ROOT, environment, traced

PATIENCE_SECONDS = 600  # for a machine on which much else runs


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def variables(house: Path, ports: tuple[int, int], **more: str) -> dict[str, str]:
    chosen = {PREFECT_PORT: str(ports[0]), MLFLOW_PORT: str(ports[1]), "PYTHONPATH": str(ROOT)}
    without = {API_URL, "PREFECT_HOME", "MLFLOW_TRACKING_URI"}
    known = {name: value for name, value in environment(house.parent / "trace").items() if name not in without}
    return {**known, **chosen, **more}


def start(house: Path, ports: tuple[int, int], **more: str) -> "subprocess.Popen[bytes]":
    """What `make up` starts, in a session of its own; what it says goes to a file beside the house."""
    with (house.parent / "up.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "flows.up"],
            cwd=house,
            env=variables(house, ports, **more),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run(house: Path, ports: tuple[int, int], *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", *command],
        cwd=house,
        env=variables(house, ports, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def wait_for(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.1)


def wait_until_up(house: Path, process: "subprocess.Popen[bytes]") -> Services:
    wait_for(lambda: running_services(Home(house)) or process.poll() is not None, "the services")
    services = running_services(Home(house))
    assert services is not None, (house.parent / "up.log").read_text()
    return services


def processes_of(house: Path) -> list[str]:
    """Commands of the processes that `make up` started for this house, wherever in the tree they are."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("FUSAR_LOCK", "").startswith(f"{house}/")
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def nothing_is_left(house: Path, ports: tuple[int, int]) -> None:
    wait_for(lambda: not processes_of(house), f"the end of {processes_of(house)}")
    assert [port for port in ports if not is_free(port)] == []
    assert not (house / ".fusar/services.json").exists()
    assert (house / ".fusar/services.lock").read_text() == ""


def ask(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content


@pytest.fixture
def alone(built_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A house without any server; whatever a failed test leaves running is killed."""
    monkeypatch.delenv(API_URL, raising=False)
    house = Path(shutil.copytree(built_house, tmp_path / "house", symlinks=True))
    yield house
    kill_services(house)


def kill_services(house: Path) -> None:
    """End what runs for a house, if anything does: nothing outlives its keeper."""
    keeper = house / ".fusar/services.lock"
    if keeper.exists() and keeper.read_text():
        os.kill(int(keeper.read_text()), signal.SIGKILL)


def test_the_services_answer_serve_commands_and_leave_nothing_behind(alone, monkeypatch):
    ports = free_ports()
    process = start(alone, ports)
    services = wait_until_up(alone, process)
    assert (services.prefect_ui, services.mlflow) == tuple(f"http://127.0.0.1:{port}" for port in ports)
    assert b"<title>" in ask(services.prefect_ui)
    assert b"MLflow" in ask(services.mlflow)
    assert json.loads(ask(f"{services.prefect_ui}/ui-settings"))["api_url"] == services.prefect_api
    with prefect_server(Home(alone)) as url:
        assert url == services.prefect_api
    again = run(alone, ports, "flows.up")
    assert (again.returncode, services.prefect_ui in again.stdout, services.mlflow in again.stdout) == (0, True, True)
    down = run(alone, ports, "flows.down")
    assert (down.returncode, down.stdout) == (0, "The services have ended.\n")
    assert process.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(alone, ports)
    assert run(alone, ports, "flows.down").stdout == "No services were running.\n"


@pytest.mark.parametrize(("variable", "name"), [(PREFECT_PORT, "Prefect"), (MLFLOW_PORT, "MLflow")])
def test_a_taken_port_is_named_with_its_variable_before_anything_starts(variable, name, alone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run(alone, free_ports(), "flows.up", **{variable: port})
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"error: port {port} for {name}: another program has it")
    assert f"{variable}=" in line
    assert not (alone / ".fusar/prefect").exists()


def test_a_port_that_is_none_is_refused(alone):
    assert "it is no port" in run(alone, free_ports(), "flows.up", **{MLFLOW_PORT: "http"}).stderr


def test_a_command_with_a_server_of_its_own_keeps_the_services_off_its_database(tmp_path):
    home = Home(tmp_path)
    with sharing_the_database(home) as first, sharing_the_database(home) as second:
        assert first and second
        with pytest.raises(DatabaseInUse), owning_the_database(home):
            pass
    with owning_the_database(home), sharing_the_database(home) as shared:
        assert not shared


def test_services_whose_keeper_is_gone_do_not_run(tmp_path):
    home = Home(tmp_path)
    assert running_services(home) is None
    home.state.mkdir()
    announce(home, Services("a", "b", "c", os.getpid()))
    assert running_services(home) == Services("a", "b", "c", os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    announce(home, Services("a", "b", "c", gone.pid))
    assert running_services(home) is None


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["keeper", "honcho"])
def test_after_kill_9_nothing_lives_on_and_the_services_start_again(victim, alone):
    ports = free_ports()
    process = start(alone, ports)
    wait_until_up(alone, process)
    if victim == "keeper":
        process.kill()
    else:
        (honcho,) = [child for child in psutil.Process(process.pid).children() if "honcho" in child.cmdline()]
        honcho.kill()
    process.wait(PATIENCE_SECONDS)
    wait_for(lambda: not processes_of(alone), "the end of all services")
    again = start(alone, ports)
    wait_until_up(alone, again)
    again.send_signal(signal.SIGINT)
    assert again.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(alone, ports)


def flow_runs(services: Services, flow: str) -> list[dict]:
    request = urllib.request.Request(
        f"{services.prefect_api}/flow_runs/filter",
        data=json.dumps({"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_ASC"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        found: list[dict] = json.load(answer)
        return found


def retrain(house: Path, ports: tuple[int, int], services: Services, *options: str) -> "subprocess.CompletedProcess":
    command = ("prefect", "deployment", "run", "retrain/workers", *options)
    return run(house, ports, *command, **{API_URL: services.prefect_api, "PREFECT_HOME": str(house.parent / "client")})


@pytest.mark.slow
def test_a_retrain_of_the_page_runs_each_stage_in_its_pool_and_ends_as_its_stages_do(alone):
    change = alone / "components/counting/stage.py"
    change.write_text(change.read_text().rstrip()[:-3] + ', pool="gpu"),)\n')
    subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qam", "gpu"], cwd=alone)
    ports = free_ports()
    process = start(alone, ports)
    services = wait_until_up(alone, process)
    assert retrain(alone, ports, services, "--watch").returncode == 0
    assert traced(alone.parent / "trace") == ["cut", "count", "total"]
    (waiting,) = flow_runs(services, "retrain")
    assert (waiting["state_name"], waiting["work_pool_name"]) == ("Completed", "control")
    assert "adder/1" in waiting["state"]["message"]
    stages = flow_runs(services, "stage")
    assert [stage["parameters"]["stage"] for stage in stages] == ["cut", "count", "total"]
    assert [stage["work_pool_name"] for stage in stages] == ["cpu", "gpu", "cpu"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(alone, ports)


@pytest.mark.slow
def test_the_reason_of_a_failed_stage_is_that_of_its_retrain(alone):
    ports = free_ports()
    process = start(alone, ports, SMALL_HOUSE_FAIL_AT="cut")
    services = wait_until_up(alone, process)
    assert retrain(alone, ports, services, "--watch").returncode != 0
    (failed,) = flow_runs(services, "retrain")
    assert failed["state_type"] == "FAILED"
    assert "stage cut: a file of the test: stage cut reads it" in failed["state"]["message"]
    run(alone, ports, "flows.down")
    nothing_is_left(alone, ports)


def hanging_stage(house: Path) -> int:
    file = house.parent / "trace.pid"
    wait_for(lambda: file.exists() and file.read_text(), "the stage")
    return int(file.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("how", ["cancel", "down"])
def test_a_retrain_that_is_ended_takes_its_stage_with_it(how, alone):
    ports = free_ports()
    process = start(alone, ports, SMALL_HOUSE_HANG_AT="cut")
    services = wait_until_up(alone, process)
    assert retrain(alone, ports, services).returncode == 0
    stage = hanging_stage(alone)
    if how == "cancel":
        (waiting,) = flow_runs(services, "retrain")
        more = {API_URL: services.prefect_api, "PREFECT_HOME": str(alone.parent / "client")}
        assert run(alone, ports, "prefect", "flow-run", "cancel", waiting["id"], **more).returncode == 0
        wait_for(lambda: not psutil.pid_exists(stage), "the end of the stage")
        wait_for(lambda: flow_runs(services, "retrain")[0]["state_type"] == "CANCELLED", "the retrain's end")
    assert run(alone, ports, "flows.down").returncode == 0
    assert not psutil.pid_exists(stage)
    process.wait(PATIENCE_SECONDS)
    nothing_is_left(alone, ports)
