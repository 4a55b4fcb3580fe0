"""A Prefect server that a command starts and stops by itself: loopback, a free port, SQLite in the state folder."""

import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.revisions.home import Home
from flows.errors import ServerFailed
from flows.listening import listener
from flows.services import lock_file, running_services, sharing_the_database

API_URL = "PREFECT_API_URL"
OWN_SERVER = "FUSAR_OWN_PREFECT_SERVER"  # set while the server lives for one command: it has no page to link to
START_SECONDS = 120.0
_PROGRAM = Path(__file__).with_name("server_process.py")
# For server and client. Prefect reads them when it is imported, so they are set before that.
CLIENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # Errors reach the user as one line of ours; tracebacks stay in the server's log of the run.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}
# For flow runs of workers. Prefect's client waits 2, 4, 8 ... s between its tries: eight of them bridge minutes of a
# server's restart or of a cut network, its own five less than one. A server whose PostgreSQL is away answers with 500,
# which the client takes for final by itself.
PATIENT = {"PREFECT_CLIENT_MAX_RETRIES": "8", "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500"}
SERVER = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_API_BLOCKS_REGISTER_ON_START": "false",
    # Without the services that schedule and clean up: a server that lives for one command needs neither.
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


@contextmanager
def prefect_server(home: Home) -> Iterator[str]:
    """URL of a Prefect API for the block: the user's own (PREFECT_API_URL), else that of `make up`, else one of ours.

    Raises:
        ServerFailed: the server ended or did not answer in time.
    """
    with ExitStack() as stack:
        known = os.environ.get(API_URL) or _server_of_services(home, stack)
        own = None if known else stack.enter_context(_own_server(home))
        url = own.url if own else str(known)
        mark = {OWN_SERVER: "1"} if own else {}
        stack.enter_context(_variables({**CLIENT, API_URL: url, "PREFECT_HOME": str(home.prefect), **mark}))
        # Imported while the server starts. Where it had been imported before, it has read its settings already.
        from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

        stack.enter_context(temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: home.prefect}))
        if own:
            _wait_until_healthy(own)
        stack.callback(_send_last_logs)
        yield url


def _server_of_services(home: Home, stack: ExitStack) -> str | None:
    """URL of the server of `make up`; None where there is none, and none can come before the stack ends."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with ExitStack() as attempt:
            if attempt.enter_context(sharing_the_database(home)):
                stack.push(attempt.pop_all())
                return None
        services = running_services(home)
        if services is not None:
            return services.prefect_api
        listener().line("`make up` is starting or stopping: waiting for it")
        time.sleep(0.5)
    raise ServerFailed("`make up` has the database and does not get ready", str(lock_file(home)))


@dataclass(frozen=True)
class _Server:
    """A server that is starting or runs."""

    process: "subprocess.Popen[bytes]"
    url: str
    log_file: Path
    started: float


@contextmanager
def _own_server(home: Home) -> Iterator[_Server]:
    listener().begin("Prefect server")
    started = time.monotonic()
    home.prefect.mkdir(parents=True, exist_ok=True)
    home.logs.mkdir(parents=True, exist_ok=True)
    log_file = home.logs / "prefect-server.log"
    # The port is taken here and handed down: nobody can take it between the choice and the start.
    with socket.create_server(("127.0.0.1", 0)) as taken, log_file.open("wb") as log:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM), str(taken.fileno())],
            env={**os.environ, **CLIENT, **SERVER, "PREFECT_HOME": str(home.prefect)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(taken.fileno(),),
            start_new_session=True,
        )
    try:
        yield _Server(process, url, log_file, started)
    finally:
        _stop(process)


def _wait_until_healthy(server: _Server) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while (waited := time.monotonic() - server.started) < START_SECONDS:
        if server.process.poll() is not None:
            raise ServerFailed(f"it ended with code {server.process.returncode}", str(server.log_file))
        try:
            with opener.open(f"{server.url}/health", timeout=1):
                listener().end("Prefect server", "started", time.monotonic() - server.started)
                return
        except OSError:
            listener().line(f"it has been starting for {waited:.0f} s (the first time it makes its database)")
        time.sleep(0.1)
    raise ServerFailed(f"no answer after {START_SECONDS:.0f} s", str(server.log_file))


def _send_last_logs() -> None:
    """Logs are sent in batches: the last one must leave before the server does."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        for handler in logging.getLogger(name).handlers:
            handler.flush()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the block; what the user has set stands, but for the API that is used."""
    before = dict(os.environ)
    loopback = ",".join(filter(None, (before.get("NO_PROXY"), "127.0.0.1")))
    os.environ.update({**values, **{k: v for k, v in before.items() if k in CLIENT}, "NO_PROXY": loopback})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
