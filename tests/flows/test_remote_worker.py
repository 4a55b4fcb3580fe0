"""Workers on machines of their own: folders that share nothing, real servers, git over TCP, MLflow over HTTP."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from tests.small_house import ROOT, commit, environment, traced
from tests.small_house import run as run_command

PATIENCE_SECONDS = 900


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for(condition: Any, what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


def has_answered(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Fleet:
    """Servers, stores and workers; `house` is where a person commits."""

    folder: Path
    house: Path
    api: str
    mlflow: str
    git: str
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def trace(self) -> Path:
        return self.folder / "trace"

    def variables(self, **more: str) -> dict[str, str]:
        without = ("PREFECT_HOME", "MLFLOW_TRACKING_URI", "FUSAR_HOME")
        known = {name: value for name, value in environment(self.trace).items() if name not in without}
        quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        return {**known, **quiet, "PYTHONPATH": str(ROOT), "PREFECT_API_URL": self.api, **more}

    def start(self, name: str, *command: str, **more: str) -> "subprocess.Popen[bytes]":
        place = self.folder / "machines" / name
        place.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=place, env=self.variables(**more), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def worker(self, pool: str, name: str = "", **more: str) -> "subprocess.Popen[bytes]":
        """A worker whose machine is the folder machines/<name>: it is given addresses and nothing else."""
        name = name or pool
        addresses = {
            "FUSAR_HOME": str(self.folder / "machines" / name / "fusar"),
            "FUSAR_GIT_REMOTE": self.git,
            "FUSAR_DVC_REMOTE": str(self.folder / "store"),
            "MLFLOW_TRACKING_URI": self.mlflow,
        }
        limit = "3" if pool == "control" else "1"
        command = (sys.executable, "-P", "-m", "cli.app", "worker", "start", pool, "--name", name, "--limit", limit)
        return self.start(name, *command, **{**addresses, **more})

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def publish(self, branch: str = "main") -> str:
        """Commit what stands in the house and push it to a branch."""
        made = commit(self.house)
        run_command(self.house, "git", "push", "--quiet", "--force", "publish", f"HEAD:refs/heads/{branch}")
        return made

    def ask(self, path: str, **content: Any) -> Any:
        """Answer of Prefect's server to a question with a body; asked again where its SQLite is locked (503), as
        Prefect's own client does."""
        return self._answer(path, json.dumps(content).encode())

    def _answer(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.api}/{path}", body, {"Content-Type": "application/json"})

        def answer() -> list[Any]:
            try:
                with urllib.request.urlopen(request, timeout=60) as answered:
                    text = answered.read()
            except urllib.error.HTTPError as error:
                assert error.code == 503, f"{path}: {error.code} {error.read()[:1000]!r}"
                return []
            return [json.loads(text) if text else None]

        return wait_for(answer, f"an answer from {path}")[0]

    def retrain(self, revision: str, **parameters: Any) -> str:
        """Start a retrain and answer the id of its flow run."""
        deployment = self._answer("deployments/name/retrain/workers")["id"]
        given = {"profile": "laptop", "revision": revision, "force": [], **parameters}
        key = str(uuid4())
        return str(self.ask(f"deployments/{deployment}/create_flow_run", parameters=given, idempotency_key=key)["id"])

    def flow_run(self, flow_run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._answer(f"flow_runs/{flow_run_id}")
        return found

    def end_of(self, flow_run_id: str) -> dict[str, Any]:
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        wait_for(lambda: self.flow_run(flow_run_id)["state_type"] in final, "the end of the retrain")
        return self.flow_run(flow_run_id)

    def stages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(
            "flow_runs/filter", flows={"name": {"any_": ["stage"]}}, sort="START_TIME_ASC"
        )
        return found

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def fleet(built_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    prefect, mlflow, git = free_port(), free_port(), free_port()
    house = Path(shutil.copytree(built_house, folder / "house", symlinks=True))
    change = house / "components/counting/stage.py"
    change.write_text(change.read_text().rstrip()[:-3] + ', pool="gpu"),)\n')
    # What data is, a person has pushed to the DVC remote of the fleet; the house keeps none of it.
    shutil.move(house / ".fusar/remote", folder / "store")
    run_command(folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", "published/house.git")
    run_command(house, "git", "remote", "add", "publish", str(folder / "published/house.git"))
    at = f"127.0.0.1:{git}"
    fleet = Fleet(
        folder, house, f"http://127.0.0.1:{prefect}/api", f"http://127.0.0.1:{mlflow}", f"git://{at}/house.git"
    )
    fleet.publish()
    try:
        paths = (f"--base-path={folder / 'published'}", "--export-all", "--reuseaddr", "--listen=127.0.0.1")
        fleet.start("git", "git", "daemon", *paths, f"--port={git}")
        server = {
            "PREFECT_HOME": str(folder / "machines/prefect/home"),
            "PREFECT_SERVER_API_PORT": str(prefect),
            "PREFECT_SERVER_UI_ENABLED": "false",
        }
        fleet.start("prefect", sys.executable, "-P", "-m", "prefect", "server", "start", **server)
        stores = ("--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "./artifacts")
        options = ("--host", "127.0.0.1", "--port", str(mlflow), "--workers", "1", *stores)
        more = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        fleet.start("mlflow", sys.executable, "-P", "-m", "mlflow", "server", "--serve-artifacts", *options, **more)
        for pool in ("control", "cpu", "gpu"):
            fleet.worker(pool)
        wait_for(lambda: has_answered(f"{fleet.api}/health"), "Prefect's server")
        wait_for(lambda: has_answered(f"{fleet.mlflow}/health"), "MLflow's server")
        run_command(
            house, sys.executable, "-P", "-m", "flows.deployments", **fleet.variables(MLFLOW_TRACKING_URI=fleet.mlflow)
        )
        yield fleet
    finally:
        fleet.stop()


def runs_of(fleet: Fleet) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(fleet.mlflow)
    (experiment,) = [found for found in client.search_experiments() if found.name == "retrain"]
    return list(client.search_runs([experiment.experiment_id]))


@pytest.mark.slow
def test_a_retrain_runs_on_machines_that_share_nothing(fleet):
    head = run_command(fleet.house, "git", "rev-parse", "HEAD").stdout.strip()
    end = fleet.end_of(fleet.retrain("main"))
    assert end["state_type"] == "COMPLETED", end["state"]["message"] + fleet.log("control") + fleet.log("cpu")
    assert end["state"]["message"].startswith(f"commit {head[:12]}: up to date; adder/")
    assert traced(fleet.trace) == ["cut", "count", "total"]
    assert [(run["parameters"]["stage"], run["work_pool_name"]) for run in fleet.stages()] == [
        ("cut", "cpu"), ("count", "gpu"), ("total", "cpu"),
    ]  # fmt: skip
    machines = fleet.folder / "machines"
    made = {name: (machines / name / f"fusar/.fusar/worktrees/{head[:12]}-laptop/outputs") for name in ("cpu", "gpu")}
    # Each machine has what it made and what that needed; the retrain's has all of it, pulled at the end.
    assert not (made["gpu"] / "total").exists()
    assert (made["cpu"] / "total/total.json").exists()
    assert not (fleet.house / "outputs").exists()
    statuses = sorted((run.data.tags["fusar.kind"], run.info.status) for run in runs_of(fleet))
    assert statuses == [("retrain", "FINISHED"), *[("stage", "FINISHED")] * 3]
    again = fleet.end_of(fleet.retrain("main"))
    assert "nothing was stale" in again["state"]["message"]
    assert len(fleet.stages()) == 3


@pytest.mark.slow
def test_a_machine_that_lost_everything_goes_on_from_the_stores(fleet):
    """A clone of the retrain's machine that is new restores all stages; one change runs one stage."""
    fleet.end_of(fleet.retrain("main"))
    before = traced(fleet.trace)
    for name in ("control", "cpu"):
        shutil.rmtree(fleet.folder / "machines" / name / "fusar/.fusar/locks")
        shutil.rmtree(fleet.folder / "machines" / name / "fusar/.dvc/cache")
        shutil.rmtree(fleet.folder / "machines" / name / "fusar/.fusar/worktrees")
    end = fleet.end_of(fleet.retrain("main"))
    assert end["state_type"] == "COMPLETED", end["state"]["message"]
    assert traced(fleet.trace) == before
    params = fleet.house / "profiles/laptop.yaml"
    params.write_text(params.read_text().replace("factor: 1.0", "factor: 2.0"))
    end = fleet.end_of(fleet.retrain(fleet.publish("more")))
    assert end["state_type"] == "COMPLETED", end["state"]["message"]
    assert traced(fleet.trace) == [*before, "total"]


@pytest.mark.slow
def test_what_is_not_published_and_what_is_no_stage_never_runs(fleet):
    local = commit(fleet.house)
    end = fleet.end_of(fleet.retrain(local))
    assert end["state_type"] in ("FAILED", "CRASHED")
    graph = fleet.house / "dvc.yaml"
    kept, before = graph.read_text(), traced(fleet.trace)
    graph.write_text(kept.replace("cmd: python -m components.cutting cut", f"cmd: touch {fleet.folder}/hacked"))
    end = fleet.end_of(fleet.retrain(fleet.publish("hostile")))
    graph.write_text(kept)
    fleet.publish()
    assert end["state_type"] == "FAILED"
    assert "its command is not `python -m components.<package> cut`" in end["state"]["message"]
    assert not (fleet.folder / "hacked").exists()
    assert traced(fleet.trace) == before


@pytest.mark.slow
def test_a_cancelled_retrain_ends_its_stage_on_the_other_machine_and_frees_its_gpu(fleet):
    (usual,) = [process for process in fleet.processes if "gpu" in process.args]
    fleet.worker("gpu", "gpu-that-hangs", SMALL_HOUSE_HANG_AT="count")
    usual.terminate()
    usual.wait(PATIENCE_SECONDS)
    params = fleet.house / "profiles/laptop.yaml"
    params.write_text(params.read_text().replace("step: 1", "step: 3"))
    flow_run = fleet.retrain(fleet.publish("hanging"))
    pid_file = fleet.folder / "trace.pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text(), "the stage")
    stage = psutil.Process(int(pid_file.read_text()))
    limits = fleet.ask("v2/concurrency_limits/filter")
    assert [limit["active_slots"] for limit in limits if limit["name"].startswith("gpu:")] == [1]
    fleet.ask(f"flow_runs/{flow_run}/set_state", state={"type": "CANCELLING"}, force=False)
    wait_for(lambda: not stage.is_running() or stage.status() == psutil.STATUS_ZOMBIE, "the end of the stage")
    assert fleet.end_of(flow_run)["state_type"] == "CANCELLED"

    def free() -> bool:
        found = fleet.ask("v2/concurrency_limits/filter")
        return [limit["active_slots"] for limit in found if limit["name"].startswith("gpu:")] == [0]

    wait_for(free, "the slot")
    assert all(run.info.status != "RUNNING" for run in runs_of(fleet))
