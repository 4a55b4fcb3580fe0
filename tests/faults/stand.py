"""A fleet on one machine: folders that share nothing, each service a process of its own that a test kills."""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from tests.faults.aftermath import client_environment
from tests.faults.asking import PATIENCE_SECONDS, asked, free_ports, wait_for
from tests.faults.wire import Wire
from tests.small_house import run as run_command

FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
WORKERS = {"control": "control", "cpu": "cpu", "cpu2": "cpu", "gpu": "gpu", "gpu2": "gpu"}
AT_FIRST = ("control", "cpu", "cpu2", "gpu")


class Stand:
    """Servers, stores and workers.

    Attributes:
        house: where a person commits and pushes.
        wires: between the workers and `prefect`, `mlflow` and `git`.
        store: the DVC remote of the fleet.
        trace: stages that really ran write their names there.
    """

    def __init__(self, folder: Path, stage_to_stop_at: str = "count") -> None:
        self.folder, self.house, self.store = folder, folder / "house", folder / "store"
        self.trace = folder / "trace"
        self._ports = dict(zip(("prefect", "mlflow", "git"), free_ports(3), strict=True))
        self.wires = {name: Wire(port) for name, port in self._ports.items()}
        self.api, self.mlflow = (f"http://127.0.0.1:{self._ports[name]}" for name in ("prefect", "mlflow"))
        self._stop_at = stage_to_stop_at
        self.more: dict[str, dict[str, str]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.let_go()

    def stop_at_the_stage(self) -> None:
        """From now on a run of the stage waits until `let_go`."""
        for file in (self.trace.with_name("trace.go-on"), self.trace.with_name("trace.pid")):
            file.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Stages that wait go on."""
        self.trace.with_name("trace.go-on").touch()

    def stage_process(self) -> psutil.Process:
        """The process of the stage once it waits."""
        pid = self.trace.with_name("trace.pid")
        return psutil.Process(int(wait_for(lambda: pid.exists() and pid.read_text(), "the stage")))

    def ran(self) -> list[str]:
        """Stages that have really run since this was asked last."""
        stages = self.trace.read_text().split() if self.trace.exists() else []
        self.trace.unlink(missing_ok=True)
        return stages

    def up(self) -> None:
        """Start everything and make pools, limits, deployments and automations."""
        for name in ("git", "prefect", "mlflow"):
            self.start(name)
        wait_for(lambda: asked(f"{self.api}/api/health") and asked(f"{self.mlflow}/health"), "both servers")
        environment = {**self._variables(), "PREFECT_API_URL": f"{self.api}/api", "MLFLOW_TRACKING_URI": self.mlflow}
        run_command(self.house, sys.executable, "-P", "-m", "flows.deployments", **environment)
        self._notice_lost_runs_sooner()
        for name in AT_FIRST:
            self.start(name)

    def _notice_lost_runs_sooner(self) -> None:
        """Three missed heartbeats are nine minutes at Prefect's own rate; here one comes every 30 s."""
        known = ("name", "description", "enabled", "tags", "trigger")
        known += ("actions", "actions_on_trigger", "actions_on_resolve")
        for lost in asked(f"{self.api}/api/automations/filter", {}):
            if lost["name"].endswith("has crashed"):
                changed = {**lost, "trigger": {**lost["trigger"], "within": 95.0}}
                content = {name: changed[name] for name in known}
                address = f"{self.api}/api/automations/{lost['id']}"
                wait_for(partial(asked, address, content, "PUT"), "the change of an automation", 60)

    def start(self, name: str) -> None:
        """Start a server or a worker; killed before, it finds what it had."""
        place = self.folder / "machines" / name
        place.mkdir(parents=True, exist_ok=True)
        command, variables = self._worker(name) if name in WORKERS else self._server(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=place,
                env={**self._variables(), **variables, **self.more.get(name, {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """kill -9 of everything on a machine at once, as a power cut does it."""
        main = psutil.Process(self.processes[name].pid)
        for process in [main, *main.children(recursive=True)]:
            process.send_signal(signal.SIGKILL)
        self.processes[name].wait(60)

    def down(self) -> None:
        """End everything."""
        for name in self.processes:
            if self.processes[name].poll() is None:
                self.kill(name)
        for wire in self.wires.values():
            wire.close()

    def flow_processes(self, worker: str) -> list[psutil.Process]:
        """Processes of the flow runs that a worker has started."""
        children = psutil.Process(self.processes[worker].pid).children(recursive=True)
        return [child for child in children if "prefect.engine" in child.cmdline()]

    def retrain(self, profile: str = "laptop") -> str:
        """Id of a new run of `retrain`: what a schedule, an event or a person's click makes."""
        found = asked(f"{self.api}/api/deployments/name/retrain/workers")
        given = {"profile": profile, "revision": "main", "force": []}
        # Asked again where the server's SQLite is locked (503), as Prefect's own client does.
        content = {"parameters": given, "idempotency_key": str(uuid4())}
        make = f"{self.api}/api/deployments/{found['id']}/create_flow_run"
        return str(wait_for(lambda: asked(make, content), "the retrain's flow run", 60)["id"])

    def state(self, flow_run_id: str) -> dict[str, Any]:
        """State of a flow run; empty while the server does not answer."""
        found = asked(f"{self.api}/api/flow_runs/{flow_run_id}")
        return dict(found["state"] or {}) if found else {}

    def end_of(self, flow_run_id: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """State of a flow run once it is final."""
        wait_for(lambda: self.state(flow_run_id).get("type") in FINAL, f"the end of {flow_run_id}", seconds)
        return self.state(flow_run_id)

    def stage_runs(self) -> list[dict[str, Any]]:
        """All runs of the flow `stage`, the newest first."""
        content = {"flows": {"name": {"any_": ["stage"]}}, "sort": "START_TIME_DESC"}
        return list(asked(f"{self.api}/api/flow_runs/filter", content))

    def taken_slots(self) -> list[str]:
        """Names of the limits of GPUs of which a slot is taken."""
        limits = asked(f"{self.api}/api/v2/concurrency_limits/filter", {})
        return [limit["name"] for limit in limits if limit["name"].startswith("gpu:") and limit["active_slots"]]

    def lock_of(self, profile: str = "laptop") -> Path:
        """The newest lock of a profile, on the machine of the retrain."""
        return self.folder / f"machines/control/fusar/.fusar/locks/{profile}.lock"

    def _variables(self) -> dict[str, str]:
        known = {**client_environment(self.house), "SMALL_HOUSE_HANG_AT": self._stop_at}
        quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        return {**known, **quiet, "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}

    def _server(self, name: str) -> tuple[list[str], dict[str, str]]:
        port, home = str(self._ports[name]), str(self.folder / "machines" / name / "home")
        python = [sys.executable, "-P", "-m"]
        if name == "git":
            paths = (f"--base-path={self.folder / 'published'}", "--export-all", "--reuseaddr", "--listen=127.0.0.1")
            return ["git", "daemon", *paths, f"--port={port}"], {}
        if name == "prefect":
            leases = {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem"}
            more = {"PREFECT_HOME": home, "PREFECT_SERVER_API_PORT": port, "PREFECT_SERVER_UI_ENABLED": "false"}
            more |= leases
            return [*python, "prefect", "server", "start"], more
        stores = ("--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "./artifacts")
        # Through a wire it is asked on another port than its own.
        options = ("--port", port, "--workers", "1", "--allowed-hosts", "*", "--serve-artifacts", *stores)
        return [*python, "mlflow", "server", *options], {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

    def _worker(self, name: str) -> tuple[list[str], dict[str, str]]:
        addresses = {
            "FUSAR_HOME": str(self.folder / "machines" / name / "fusar"),
            "FUSAR_GIT_REMOTE": f"git://127.0.0.1:{self.wires['git'].port}/house.git",
            "FUSAR_DVC_REMOTE": str(self.store),
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.wires['mlflow'].port}",
            "PREFECT_API_URL": f"http://127.0.0.1:{self.wires['prefect'].port}/api",
        }
        limit = "3" if WORKERS[name] == "control" else "1"
        options = (WORKERS[name], "--name", name, "--limit", limit)
        return [sys.executable, "-P", "-m", "cli.app", "worker", "start", *options], addresses
