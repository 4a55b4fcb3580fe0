"""Prefect's server, MLflow's server and a worker for each pool, together: `python -m flows.up`, which is `make up`."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from components.contract.errors import FusarError
from components.revisions.home import HOME, Home, find_home
from components.tracking.addresses import experiments_address
from flows.environment import QUIET
from flows.errors import DatabaseInUse, PortTaken, ServicesFailed
from flows.server import API_URL, CLIENT, PATIENT
from flows.services import (
    DEFAULT_PORTS,
    LOOPBACK,
    MLFLOW_PORT,
    PREFECT_PORT,
    Services,
    announce,
    answers,
    lock_file,
    owning_the_database,
    running_services,
    services_file,
)
from flows.supervisor import adopt_orphans, kill_descendants

CODE = Path(__file__).resolve().parents[1]
SERVICE_NAMES = {PREFECT_PORT: "Prefect", MLFLOW_PORT: "MLflow"}
START_SECONDS = 180.0
POLL_SECONDS = 0.2
# A stage has 15 s to end before it is killed.
RUNS_SECONDS = 20.0
HONCHO_SECONDS = 10.0
FLOW_RUN = "prefect.engine"


def services_at(ports: Mapping[str, int]) -> Services:
    """The addresses on these ports, kept by this process."""
    prefect, mlflow = (f"http://{LOOPBACK}:{ports[name]}" for name in (PREFECT_PORT, MLFLOW_PORT))
    return Services(prefect, f"{prefect}/api", mlflow, os.getpid())


def chosen_ports() -> dict[str, int]:
    """Port of each server: the variable's where it is set, else the usual one.

    Raises:
        PortTaken: it is no port, another program listens on it, or both are the same.
    """
    ports: dict[str, int] = {}
    for variable, service in SERVICE_NAMES.items():
        text = os.environ.get(variable) or str(DEFAULT_PORTS[variable])
        if not (text.isdecimal() and 0 < int(text) < 65536):
            raise PortTaken(service, text, variable, "it is no port (1 to 65535)")
        if int(text) in ports.values():
            raise PortTaken(service, text, variable, "the other server has it already")
        try:
            socket.create_server((LOOPBACK, int(text))).close()
        except OSError as error:
            raise PortTaken(service, text, variable, f"another program has it ({error.strerror})") from error
        ports[variable] = int(text)
    return ports


def environment(home: Home, services: Services, ports: Mapping[str, int]) -> dict[str, str]:
    """Variables of every service; workers run the code that this process runs, whatever folder they are in."""
    prefect = ports[PREFECT_PORT]
    origins = f"http://{LOOPBACK}:{prefect},http://localhost:{prefect}"
    fixed = {
        **{name: str(port) for name, port in ports.items()},
        "FUSAR_LOCK": str(lock_file(home)),
        HOME: str(home.root),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH")))),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), LOOPBACK))),
        API_URL: services.prefect_api,
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(prefect),
        "PREFECT_SERVER_UI_API_URL": services.prefect_api,
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home.prefect / "page"),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # Any page that a browser shows could start a retrain otherwise.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origins,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        # In memory, as is usual, the slot of a GPU that was held when the server was killed would never be free again.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
    return {**QUIET, **CLIENT, **os.environ, **fixed}


def up(home: Home) -> None:
    """Keep all services running until one ends or this process is asked to stop; nothing of them is left then.

    Raises:
        DatabaseInUse: a command with a Prefect server of its own runs, or services start or stop.
        PortTaken: before anything is started.
        ServicesFailed: one did not answer in time or ended by itself.
    """
    with owning_the_database(home):
        ports = chosen_ports()
        services = services_at(ports)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        adopt_orphans()
        home.logs.mkdir(parents=True, exist_ok=True)
        variables = environment(home, services, ports)
        honcho = subprocess.Popen(
            [sys.executable, "-m", "honcho", "start", "-f", str(CODE / "Procfile"), "-d", str(home.root)],
            cwd=home.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            # Not in the terminal's group: Ctrl-C reaches this process alone, which ends flow runs first.
            start_new_session=True,
        )
        try:
            if _start(home, services, honcho, variables, stop):
                _say(services)
                _keep(honcho, stop)
        finally:
            services_file(home).unlink(missing_ok=True)  # first, so that no command begins with what ends now
            _end(honcho)


def _start(
    home: Home,
    services: Services,
    honcho: "subprocess.Popen[bytes]",
    variables: Mapping[str, str],
    stop: threading.Event,
) -> bool:
    """Wait for both servers, then make pools and deployments; False when asked to stop before that."""
    until = time.monotonic() + START_SECONDS
    waiting = [f"{services.prefect_api}/health", f"{services.mlflow}/health"]
    while waiting and not stop.wait(POLL_SECONDS):
        waiting = [url for url in waiting if not answers(url)]
        _check(honcho)
        if time.monotonic() > until:
            raise ServicesFailed(f"{waiting[0]} did not answer in {START_SECONDS:.0f} s", "Its own lines stand above.")
    if stop.is_set():
        return False
    log_file = home.logs / "deployments.log"
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "flows.deployments"]
        patient = {**PATIENT, **variables}  # workers that start at the same time may keep SQLite locked for seconds
        code = subprocess.run(command, cwd=home.root, env=patient, stdout=log, stderr=log, check=False).returncode
    if code != 0 and not stop.is_set():
        raise ServicesFailed("the deployments of prefect.yaml were refused", f"All that was said: {log_file}.")
    announce(home, services)
    return True


def _say(services: Services) -> None:
    print(
        f"\n  Prefect  {services.prefect_ui}\n  MLflow   {experiments_address(services.mlflow)}\n\n"
        f"  Next, in another terminal:\n    export {API_URL}={services.prefect_api}\n"
        "    .venv/bin/prefect deployment run retrain/workers --param profile=laptop --watch\n"
        "  Stop: Ctrl-C here, or `make down`.\n",
        flush=True,
    )


def _keep(honcho: "subprocess.Popen[bytes]", stop: threading.Event) -> None:
    while not stop.wait(POLL_SECONDS):
        _check(honcho)


def _check(honcho: "subprocess.Popen[bytes]") -> None:
    if honcho.poll() is not None:
        raise ServicesFailed(
            "one of them ended, so all were ended", "Its own lines stand above; `make up` starts again."
        )


def _end(honcho: "subprocess.Popen[bytes]") -> None:
    """End flow runs while the servers still take down how they ended, then the services, then whatever is left."""
    runs = [process for process in psutil.Process().children(recursive=True) if _is_flow_run(process)]
    for process in runs:
        process.terminate()
    psutil.wait_procs(runs, timeout=RUNS_SECONDS)
    if honcho.poll() is None:
        honcho.terminate()
        try:
            honcho.wait(HONCHO_SECONDS)
        except subprocess.TimeoutExpired:
            honcho.kill()
    kill_descendants()
    psutil.wait_procs(psutil.Process().children(recursive=True), timeout=HONCHO_SECONDS)


def _is_flow_run(process: psutil.Process) -> bool:
    try:
        return FLOW_RUN in process.cmdline()
    except psutil.Error:
        return False


def main() -> None:
    """Exit 0 when stopped or when the services run already, 1 with one line on stderr when they cannot."""
    home = find_home(Path.cwd())
    try:
        up(home)
    except DatabaseInUse as error:
        services = running_services(home)
        if services is None:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from error
        print(f"The services run already: Prefect {services.prefect_ui}, MLflow {experiments_address(services.mlflow)}")
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
