"""The services that `make up` keeps running: where they are, and whether they are."""

import fcntl
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from components.revisions.home import Home
from flows.errors import DatabaseInUse

LOOPBACK = "127.0.0.1"
PREFECT_PORT = "FUSAR_PREFECT_PORT"
MLFLOW_PORT = "FUSAR_MLFLOW_PORT"
DEFAULT_PORTS = {PREFECT_PORT: 4200, MLFLOW_PORT: 5000}
LET_GO_SECONDS = 2.0


@dataclass(frozen=True)
class Services:
    """Addresses of what `make up` runs; the content of .fusar/services.json.

    Attributes:
        prefect_ui: Prefect's page.
        prefect_api: what PREFECT_API_URL must be to use that server.
        mlflow: MLflow's page and tracking address.
        pid: number of the process that keeps them.
    """

    prefect_ui: str
    prefect_api: str
    mlflow: str
    pid: int


def running_services(home: Home) -> Services | None:
    """The services of a repository; None when none were started or their keeper is gone."""
    file = services_file(home)
    try:
        services = Services(**json.loads(file.read_text(encoding="utf-8")))
        written = file.stat().st_mtime
        # A process that is younger than the file only has the number of the one that wrote it.
        return services if psutil.Process(services.pid).create_time() <= written + 1.0 else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def answers(url: str) -> bool:
    """Whether an address on this machine answers with success; a proxy of the user's is not asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def services_file(home: Home) -> Path:
    """Where the addresses of running services are written."""
    return home.state / "services.json"


def announce(home: Home, services: Services) -> None:
    """Write the addresses so that nobody ever reads half of them."""
    partial = services_file(home).with_suffix(".partial")
    partial.write_text(json.dumps(asdict(services), indent=1) + "\n", encoding="utf-8")
    partial.replace(services_file(home))


def lock_file(home: Home) -> Path:
    """What `make up` holds alone and each command with a Prefect server of its own holds together with others."""
    return home.state / "services.lock"


@contextmanager
def sharing_the_database(home: Home) -> Iterator[bool]:
    """Keep `make up` from starting a second kind of server on Prefect's database during the block.

    Yields:
        False when `make up` has that database; a command must then use its server.
    """
    with _opened(home) as file:
        yield _try(file, fcntl.LOCK_SH)


@contextmanager
def owning_the_database(home: Home) -> Iterator[None]:
    """Hold Prefect's database alone; a killed holder lets go by itself.

    Raises:
        DatabaseInUse: `make up`, or a command with a server of its own, has it.
    """
    with _opened(home) as file:
        until = time.monotonic() + LET_GO_SECONDS
        while not _try(file, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise DatabaseInUse(str(home.prefect))
            time.sleep(0.1)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def keeper(home: Home) -> int | None:
    """Number of the process of `make up`, also while it starts or stops; None when there is none."""
    with _opened(home) as file:
        if _try(file, fcntl.LOCK_SH):
            return None
        file.seek(0)
        return int(file.read() or 0) or None


@contextmanager
def _opened(home: Home) -> "Iterator[IO[str]]":
    home.state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file(home), os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        yield file


def _try(file: "IO[str]", kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
