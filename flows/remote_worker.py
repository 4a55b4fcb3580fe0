"""A worker on a machine that has Python, git, this package and addresses: what `fusar worker start` does."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from socket import gethostname
from typing import NoReturn

from components.lineage.journal import journal_url
from components.memo.store import MEMO
from components.revisions.clone import make_home
from components.revisions.git import address_without_secrets
from components.revisions.home import HOME, Home
from components.revisions.leases import lease
from flows.environment import QUIET
from flows.errors import MissingAddress
from flows.listening import listener
from flows.server import API_URL, CLIENT, PATIENT
from flows.supervisor import __file__ as supervisor
from flows.worker import variables_of, worker_command

GIT_REMOTE = "FUSAR_GIT_REMOTE"
DVC_REMOTE = "FUSAR_DVC_REMOTE"
TRACKING_URI = "MLFLOW_TRACKING_URI"
CODE = Path(__file__).resolve().parents[1]
POLL_SECONDS = 2.0
ANSWER_SECONDS = 20.0


def start(pool: str, name: str, limit: int) -> NoReturn:
    """Make or refresh this machine's clone, see that every address answers, then become a worker of the pool.

    Args:
        pool: whose flow runs it takes: control, cpu or gpu.
        name: of the worker, in Prefect's page; "" for the pool and the host.
        limit: how many flow runs it takes at once.

    Raises:
        MissingAddress: a variable is not set, or names a file of this machine.
        GitFailed: the git remote does not answer.
        LeaseUnreachable: the DVC remote cannot be written.
    """
    name = name or f"{pool}-{gethostname()}"
    git_remote = _address(GIT_REMOTE, "where the repository is fetched from")
    api_url = _address(API_URL, "Prefect's server, such as http://host:4200/api")
    if not _address(TRACKING_URI, "MLflow's server, such as http://host:5000").startswith(("http://", "https://")):
        raise MissingAddress(TRACKING_URI, "it is no address of an MLflow server (http://host:5000)")
    listener().line(f"fetching {address_without_secrets(git_remote)}")
    home = make_home(_folder(), git_remote, os.environ.get(DVC_REMOTE, ""))
    remote = journal_url(home.root)
    # It can be read and written; whatever the name has in it, the key has letters and digits.
    with lease(remote, f"worker-{name.encode().hex()[:64]}", f"worker {name}", ANSWER_SECONDS):
        pass
    _wait_for_pool(pool, api_url)
    environment = {**_variables(home, remote), **variables_of(pool)}
    # The worker's end, kill -9 too, is the end of its flow runs and of their stages.
    command = [sys.executable, "-P", supervisor, "--alone", *worker_command(pool, name, limit)]
    listener().line(f"worker {name} is ready. Next: prefect deployment run retrain/workers --watch, on any machine")
    os.chdir(home.state)
    os.execve(sys.executable, command, environment)


def _address(variable: str, what: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingAddress(variable, f"not set; it must name {what}")
    return value


def _folder() -> Path:
    """FUSAR_HOME, else the place of the user's data."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(os.environ.get(HOME) or Path(data) / "fusar")


def _variables(home: Home, remote: str) -> Mapping[str, str]:
    """Variables of the worker, which its flow runs inherit; what the user has set stands."""
    fixed = {
        HOME: str(home.root),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        # Flow runs are this program's code, whatever folder they start in.
        "PYTHONPATH": os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH")))),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "PREFECT_HOME": str(home.prefect),
    }
    # Results of single scenes are shared as those of stages are.
    usual = {MEMO: f"{remote}/memo", "PREFECT_WORKER_QUERY_SECONDS": "2"}
    return {**QUIET, **CLIENT, **PATIENT, **usual, **os.environ, **fixed}


def _wait_for_pool(pool: str, api_url: str) -> None:
    """Wait until the server answers and has the pool: machines of a fleet start in any order."""
    from httpx import HTTPError
    from prefect import get_client
    from prefect.exceptions import ObjectNotFound

    said = ""
    while True:
        try:
            with get_client(sync_client=True) as client:
                client.read_work_pool(pool)
                return
        except ObjectNotFound:
            problem = f"the server has no pool {pool}: `fusar deploy` makes it"
        except HTTPError as error:
            problem = f"{api_url} does not answer ({type(error).__name__})"
        if problem != said:
            said = problem
            listener().line(f"waiting: {problem}")
        time.sleep(POLL_SECONDS)
