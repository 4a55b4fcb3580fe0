"""What workers on other machines could never reach is refused before anything is deployed."""

import ipaddress
import os
from urllib.parse import urlsplit

from components.lineage.journal import journal_url
from components.revisions.home import Home
from flows.errors import FileStore

TRACKING_URI = "MLFLOW_TRACKING_URI"


def refuse_file_stores(home: Home, api_url: str) -> None:
    """Check that the stores have addresses, where the Prefect server is on another machine.

    Raises:
        FileStore: one is a file or a folder of this machine.
    """
    if _is_this_machine(api_url):
        return
    tracking = os.environ.get(TRACKING_URI, "")
    if is_file(tracking) or tracking.startswith("sqlite:"):
        where = tracking or str(home.root / "mlruns")
        raise FileStore("MLflow", where, api_url, f"Set {TRACKING_URI} to the address of an MLflow server")
    remote = journal_url(home.root)
    if is_file(remote):
        raise FileStore(
            "DVC", remote, api_url, "Set one with: dvc remote add --default --force store s3://BUCKET/PREFIX"
        )
    artifacts = _artifacts(home)
    if is_file(artifacts):
        problem = "Start MLflow's server with --serve-artifacts, or with an object store as its artifact root"
        raise FileStore("MLflow", artifacts, api_url, problem)


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_file(address: str) -> bool:
    """Whether a store's address is a file or a folder of this machine."""
    # Not by fsspec's rule, for which `mlflow-artifacts:/1`, files that MLflow's server hands out, is a path.
    scheme = urlsplit(address).scheme
    return scheme in ("", "file", "local") or len(scheme) == 1  # a drive of Windows


def _artifacts(home: Home) -> str:
    """Where MLflow keeps the files of the experiment of all retrains."""
    from components.tracking.store import experiment_id, open_store

    client = open_store(home.root)
    return str(client.get_experiment(experiment_id(client, home.root)).artifact_location)
