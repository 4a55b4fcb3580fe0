"""`mlflow models serve` for as long as a block lasts: none of its processes outlives the block, or its caller."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
import requests

from components.registry.errors import DoesNotServe
from components.revisions.home import Home
from components.tracking.store import mlflow_environment

BOOT_SECONDS: Final = 240.0  # given up then; a large model on a cold disk needs minutes
_PING_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1
_HOST: Final = "127.0.0.1"
_LAST_WORDS: Final = 4000  # [byte] of the log that are searched for the reason
# The shell leads the group. Its standard input is a pipe that only this process holds: when that closes, by the end of
# the block or by kill -9 of this process, the whole group is killed. So it is when the command ends by itself.
_GROUP: Final = '{ "$@"; kill -KILL 0; } & cat > /dev/null; kill -KILL 0'
_ERROR: Final = re.compile(r"^[\w.]*(?:Error|Exception|Refused|Bad\w+)\b.*", re.MULTILINE)


@contextmanager
def booted(home: Home, name: str, scratch: Path) -> Iterator[str]:
    """The address of a server that answers for the block.

    Args:
        home: of the repository; its MLflow store has the version.
        name: MODEL/VERSION.
        scratch: folder for the server's log and temporary files.

    Raises:
        DoesNotServe: it ended before it answered /ping, or did not answer within `BOOT_SECONDS`.
    """
    folder = scratch / "serving"
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    options = ["--env-manager", "local", "--host", _HOST, "--port", str(port)]
    command = [sys.executable, "-P", "-m", "mlflow", "models", "serve", "-m", f"models:/{name}", *options]
    with (folder / "server.log").open("w+b") as log:
        process = subprocess.Popen(
            ["sh", "-c", _GROUP, "sh", *command],
            cwd=folder,
            env=_environment(home, folder),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_up(process, name, port, folder / "server.log")
            yield f"http://{_HOST}:{port}"
        finally:
            with suppress(ProcessLookupError, PermissionError):  # it ended by itself
                os.killpg(process.pid, signal.SIGKILL)  # it holds nothing that wants to be put down in order
            process.communicate()


def _environment(home: Home, folder: Path) -> dict[str, str]:
    environment = {**os.environ, **mlflow_environment(home.root), "HF_HUB_OFFLINE": "1", "TMPDIR": str(folder)}
    # MLflow starts the first uvicorn on the PATH.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    for name in ("PYTHONPATH", "FUSAR_SERVE_FOLDER"):  # a checkout's code; a folder that is none of a judgement
        environment.pop(name, None)
    return environment


def _wait_until_up(process: "subprocess.Popen[bytes]", name: str, port: int, log: Path) -> None:
    until = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DoesNotServe(name, _last_words(log))
        if _answers(port) and _is_ours(process.pid, port):
            return
        time.sleep(_POLL_SECONDS)
    raise DoesNotServe(name, f"no answer within {BOOT_SECONDS:.0f} s; {_last_words(log)}")


def _answers(port: int) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://{_HOST}:{port}/ping", timeout=_PING_SECONDS).status_code == requests.codes.ok
    except requests.RequestException:
        return False


def _is_ours(leader: int, port: int) -> bool:
    """Whether a process of the group listens there: between the search for a port and its use another may take it."""
    try:
        servers = psutil.Process(leader).children(recursive=True)
    except psutil.Error:  # ended meanwhile, as each of them may
        return False
    return any(_listens(process, port) for process in servers)


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(found.laddr and found.laddr.port == port for found in process.net_connections("inet"))
    except psutil.Error:
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])


def _last_words(log: Path) -> str:
    """The error that a server ended with: the first that is named in the end of its log, else its last line."""
    text = log.read_bytes()[-_LAST_WORDS:].decode(errors="replace")
    named = _ERROR.findall(text)
    lines = text.strip().splitlines()
    return (named[0] if named else lines[-1] if lines else "it said nothing")[:300]
