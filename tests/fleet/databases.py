"""Real PostgreSQL and real Redis on a machine of a fleet."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fleet.machines import Machine, wait_for

USER = "fusar"
DATABASES = ("mlflow", "prefect")
_NOBODY = 65534  # where the tests are root's: PostgreSQL refuses to run as root


def missing_postgres() -> str:
    """What has to be installed first; empty where all is there."""
    lacking = [program for program in ("initdb", "postgres", "psql") if shutil.which(program) is None]
    return f"no {', '.join(lacking)}: apt-get install postgresql, and put its bin folder on the path" if lacking else ""


def missing_redis() -> str:
    """What has to be installed first; empty where all is there."""
    return "" if shutil.which("redis-server") else "no redis-server: apt-get install redis-server"


@dataclass
class Postgres:
    """A server and where it keeps its tables.

    Attributes:
        machine: that it runs on.
        port: of the server.
        folder: of its files.
        process: of the server, once it was started.
    """

    machine: Machine
    port: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Of its machine."""
        return self.machine.address

    @property
    def mlflow(self) -> str:
        """MLflow's address of its database."""
        return f"postgresql+psycopg2://{USER}@{self.address}:{self.port}/mlflow"

    @property
    def prefect(self) -> str:
        """Prefect's address of its database."""
        return f"postgresql+asyncpg://{USER}@{self.address}:{self.port}/prefect"

    def start(self) -> None:
        """Start the server; killed before, it finds what it had."""
        listen = ("-c", f"listen_addresses={self.address}", "-c", f"unix_socket_directories={self.folder}")
        options = ("-p", str(self.port), "-c", "max_connections=200", "-c", "fsync=off")
        command = (*_as_user(), "postgres", "-D", str(self.folder / "data"), *listen, *options)
        self.process = self.machine.start("postgres", *command)
        wait_for(lambda: self.machine.listens(self.port), f"PostgreSQL; see {self.machine.folder}/postgres.log")

    def kill(self) -> None:
        """kill -9 of the server and of all that it has started."""
        assert self.process
        processes = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, 30)
        self.process.wait(30)


def start_postgres(machine: Machine, port: int) -> Postgres:
    """Start the server with an empty database for MLflow and one for Prefect."""
    # It does not run as root, and the user who may run it cannot look into the folders of pytest.
    folder = machine.temporary("fusar-postgres")
    data = str(folder / "data")
    if _as_user():
        os.chown(folder, _NOBODY, _NOBODY)
    made = ("initdb", "--username", USER, "--auth=trust", "--encoding=UTF8", "--no-sync", "-D", data)
    subprocess.run([*_as_user(), *made], check=True, capture_output=True, cwd=folder)
    with (folder / "data/pg_hba.conf").open("a") as file:
        file.write(f"host all {USER} {machine.address}/24 trust\n")
    postgres = Postgres(machine, port, folder)
    postgres.start()
    ask = ("psql", "-h", machine.address, "-p", str(port), "-U", USER, "-d", "postgres", "-c")
    for name in DATABASES:
        wait_for(lambda name=name: _makes(machine, *ask, f"CREATE DATABASE {name}"), f"database {name}")
    return postgres


def _as_user() -> tuple[str, ...]:
    is_root = os.geteuid() == 0
    return ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups") if is_root else ()


def start_redis(machine: Machine, port: int) -> str:
    """Start the server, in memory alone; answers its port's address."""
    options = ("--bind", machine.address, "--port", str(port), "--save", "", "--protected-mode", "no")
    machine.start("redis", "redis-server", *options)
    wait_for(lambda: machine.listens(port), "Redis")
    return machine.address


def _makes(machine: Machine, *command: str) -> bool:
    done = machine.run(*command, check=False)
    return done.returncode == 0 or "already exists" in done.stderr
