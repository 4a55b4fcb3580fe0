"""Real PostgreSQL and real Redis on a machine of a fleet."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.machines import Machine, wait_for

USER = "fusar"
DATABASES = ("mlflow", "prefect")


def missing_postgres() -> str:
    """What has to be installed first; empty where all is there."""
    lacking = [program for program in ("initdb", "postgres", "psql") if shutil.which(program) is None]
    return f"no {', '.join(lacking)}: apt-get install postgresql, and put its bin folder on the path" if lacking else ""


def missing_redis() -> str:
    """What has to be installed first; empty where all is there."""
    return "" if shutil.which("redis-server") else "no redis-server: apt-get install redis-server"


@dataclass(frozen=True)
class Postgres:
    """Where the server is."""

    address: str
    port: int

    @property
    def mlflow(self) -> str:
        """MLflow's address of its database."""
        return f"postgresql+psycopg2://{USER}@{self.address}:{self.port}/mlflow"

    @property
    def prefect(self) -> str:
        """Prefect's address of its database."""
        return f"postgresql+asyncpg://{USER}@{self.address}:{self.port}/prefect"


def start_postgres(machine: Machine, port: int) -> Postgres:
    """Start the server with an empty database for MLflow and one for Prefect."""
    # It does not run as root, and the user who may run it cannot look into the folders of pytest.
    folder = Path(tempfile.mkdtemp(prefix="fusar-postgres-"))
    machine.elsewhere.append(folder)
    data = str(folder / "data")
    as_user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    made = ("initdb", "--username", USER, "--auth=trust", "--encoding=UTF8", "--no-sync", "-D", data)
    subprocess.run([*as_user, *made], check=True, capture_output=True, cwd=folder)
    with (folder / "data/pg_hba.conf").open("a") as file:
        file.write(f"host all {USER} {machine.address}/24 trust\n")
    options = ("-c", f"listen_addresses={machine.address}", "-c", f"unix_socket_directories={folder}", "-p", str(port))
    quick = ("-c", "fsync=off", "-c", "max_connections=200")
    machine.start("postgres", *as_user, "postgres", "-D", data, *options, *quick)
    wait_for(lambda: machine.listens(port), f"PostgreSQL; see {machine.folder}/postgres.log")
    ask = ("psql", "-h", machine.address, "-p", str(port), "-U", USER, "-d", "postgres", "-c")
    for name in DATABASES:
        wait_for(lambda name=name: _makes(machine, *ask, f"CREATE DATABASE {name}"), f"database {name}")
    return Postgres(machine.address, port)


def start_redis(machine: Machine, port: int) -> str:
    """Start the server, in memory alone; answers its port's address."""
    options = ("--bind", machine.address, "--port", str(port), "--save", "", "--protected-mode", "no")
    machine.start("redis", "redis-server", *options)
    wait_for(lambda: machine.listens(port), "Redis")
    return machine.address


def _makes(machine: Machine, *command: str) -> bool:
    done = machine.run(*command, check=False)
    return done.returncode == 0 or "already exists" in done.stderr
