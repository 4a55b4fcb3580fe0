"""A whole fleet: stores, servers, two workers and a person's desk, five machines that share nothing but TCP."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet import databases, object_store
from tests.fleet.machines import Machine, wait_for
from tests.fleet.network import network
from tests.small_house import IDENTITY

PYTHON = (sys.executable, "-P", "-m")
GIT_PORT, POSTGRES_PORT, REDIS_PORT, S3_PORT = 9418, 5432, 6379, 8000
PREFECT_PORT, MLFLOW_PORT = 4200, 5000
WORKERS = (("one", "control"), ("one", "cpu"), ("two", "gpu"))
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
}
# A question with a body, where there is one, to an address.
_ASK = """
import sys, urllib.request as u
body = sys.argv[2].encode() if sys.argv[2:] else None
print(u.urlopen(u.Request(sys.argv[1], body, {"Content-Type": "application/json"}), timeout=60).read().decode())
"""


@dataclass
class Fleet:
    """The machines by what they are for: stores, servers, one, two, desk.

    Attributes:
        machines: by name.
        s3: the object store.
        postgres: of MLflow and Prefect.
    """

    machines: dict[str, Machine]
    s3: object_store.ObjectStore
    postgres: databases.Postgres

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def api(self) -> str:
        return f"http://{self['servers'].address}:{PREFECT_PORT}/api"

    @property
    def mlflow(self) -> str:
        return f"http://{self['servers'].address}:{MLFLOW_PORT}"

    @property
    def git(self) -> str:
        return f"git://{self['stores'].address}/house.git"

    @property
    def addresses(self) -> dict[str, str]:
        """All that a machine is told: where the servers and stores are, and what opens the object store."""
        servers = {"PREFECT_API_URL": self.api, "MLFLOW_TRACKING_URI": self.mlflow}
        remotes = {"FUSAR_GIT_REMOTE": self.git, "FUSAR_DVC_REMOTE": f"s3://{object_store.BUCKET}/dvc"}
        return {**QUIET, **servers, **remotes, **self.s3.variables}

    def work(self, name: str, pool: str, **more: str) -> None:
        """Start a worker of a pool on a machine."""
        trace = {"SMALL_HOUSE_TRACE": str(self[name].home / "trace")}
        command = ("cli.app", "worker", "start", pool, "--name", f"{pool}-{name}", "--limit", "2")
        self[name].start(pool, *PYTHON, *command, **self.addresses, **trace, **more)

    def traced(self, name: str) -> list[str]:
        """Stages that really ran on a machine."""
        file = self[name].folder / "trace"
        return file.read_text().split() if file.exists() else []

    def on_desk(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """What a person types in the clone on the desk."""
        words = ("sh", "-ec", 'cd house; exec "$@"', "sh", *command)
        return self["desk"].run(*words, check=check, **self.addresses, SMALL_HOUSE_TRACE="/dev/null")

    def retrain(self, profile: str = "laptop", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Start a retrain of the published branch and wait for its end."""
        parameters = ("--param", f"profile={profile}", "--param", "revision=main")
        return self.on_desk(
            *PYTHON, "prefect", "deployment", "run", "retrain/workers", *parameters, "--watch", check=check
        )

    def ask(self, url: str, content: object = None, check: bool = True) -> Any:
        """What Prefect's or MLflow's server answers the desk; None where it says nothing, or an error without check."""
        body = (json.dumps(content),) if content is not None else ()
        answer = self["desk"].run("python", "-S", "-c", _ASK, url, *body, check=check).stdout
        return json.loads(answer) if answer.strip() else None

    def flow_runs(self, flow: str) -> list[dict[str, Any]]:
        """All runs of a flow, the oldest first."""
        found = self.ask(f"{self.api}/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})
        return sorted(found, key=lambda run: str(run["expected_start_time"]))

    def publish(self, message: str) -> None:
        """Commit what was changed on the desk, and push it."""
        self.on_desk("git", *IDENTITY, "commit", "--quiet", "--all", "--message", message)
        self.on_desk("git", "push", "--quiet", "origin", "HEAD:main")

    def count_on_a_gpu(self) -> None:
        """Stage `count` of the small house asks for pool gpu from now on."""
        self.on_desk("sed", "-i", 's/),)$/, pool="gpu"),)/', "components/counting/stage.py")
        self.publish("count on a GPU")

    def everything(self) -> str:
        """What all processes of all machines said, for a test that fails."""
        logs = [log for machine in self.machines.values() for log in sorted(machine.folder.glob("*.log"))]
        kept = [log for log in logs if not log.name.startswith(("ceph", "radosgw", "postgres", "redis"))]
        return "\n".join(f"=== {log.parent.name}/{log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in kept)


@contextmanager
def running(folder: Path, house: Path, **more: str) -> Iterator[Fleet]:
    """Start everything, with the house published from the desk; nothing is left afterwards.

    Args:
        folder: of all machines.
        house: repository that is published.
        more: variables of the workers.
    """
    with network(folder, "stores", "servers", "one", "two", "desk") as machines:
        stores = machines["stores"]
        postgres = databases.start_postgres(stores, POSTGRES_PORT)
        databases.start_redis(stores, REDIS_PORT)
        fleet = Fleet(machines, object_store.start(stores, S3_PORT), postgres)
        _start_git(stores)
        _start_servers(fleet)
        _publish(fleet, house)
        for url in (f"{fleet.api}/health", f"{fleet.mlflow}/health"):
            wait_for(lambda url=url: machines["desk"].answers(url), url)
        fleet.on_desk(*PYTHON, "cli.app", "deploy")
        for name, pool in WORKERS:
            fleet.work(name, pool, **more)
        yield fleet


def _start_git(stores: Machine) -> None:
    stores.run("git", "init", "--quiet", "--bare", "--initial-branch=main", "published/house.git")
    paths = (f"--base-path={stores.home}/published", "--export-all", "--enable=receive-pack", "--reuseaddr")
    stores.start("git", "git", "daemon", *paths, f"--listen={stores.address}", f"--port={GIT_PORT}")
    wait_for(lambda: stores.listens(GIT_PORT), "git daemon")


def _start_servers(fleet: Fleet) -> None:
    """Prefect's API and its background services as two processes, and MLflow's server with the files it hands out."""
    servers, stores = fleet["servers"], fleet["stores"]
    prefect = {
        **QUIET,
        "PREFECT_API_DATABASE_CONNECTION_URL": fleet.postgres.prefect,
        "PREFECT_API_DATABASE_MIGRATE_ON_START": "false",
        "PREFECT_API_URL": fleet.api,
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_REDIS_MESSAGING_HOST": stores.address,
        "PREFECT_REDIS_MESSAGING_PORT": str(REDIS_PORT),
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    servers.run(*PYTHON, "prefect", "server", "database", "upgrade", "-y", **prefect)
    listen = ("--host", servers.address, "--port", str(PREFECT_PORT))
    servers.start("prefect", *PYTHON, "prefect", "server", "start", *listen, "--no-services", **prefect)
    servers.start("prefect-services", *PYTHON, "prefect", "server", "services", "start", **prefect)
    files = f"s3://{object_store.BUCKET}/mlflow"
    stored = ("--backend-store-uri", fleet.postgres.mlflow, "--serve-artifacts", "--artifacts-destination", files)
    names = ("--allowed-hosts", f"{servers.address}:{MLFLOW_PORT}")
    listen = ("--host", servers.address, "--port", str(MLFLOW_PORT), "--workers", "1", *names)
    more = {**QUIET, **fleet.s3.variables, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    servers.start("mlflow", *PYTHON, "mlflow", "server", *stored, *listen, **more)


def _publish(fleet: Fleet, house: Path) -> None:
    """Commit, on the desk, that the DVC remote is the bucket; push the data there and the commit to git."""
    shutil.copytree(house, fleet["desk"].folder / "house", symlinks=True)
    fleet.on_desk("git", "remote", "add", "origin", fleet.git)
    url = f"s3://{object_store.BUCKET}/dvc"
    fleet.on_desk(*PYTHON, "dvc", "remote", "add", "--quiet", "--default", "fleet", url)
    fleet.on_desk("git", *IDENTITY, "commit", "--quiet", "--message", "the remote of the fleet", ".dvc/config")
    fleet.on_desk(*PYTHON, "dvc", "push", "--quiet", "data.dvc")
    fleet.on_desk("git", "push", "--quiet", "origin", "HEAD:main")
