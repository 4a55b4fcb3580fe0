"""Where MLflow keeps its runs, and the one-time creation of that place."""

import logging
import os
from pathlib import Path
from typing import Final

from filelock import FileLock

# Before MLflow is imported: no pickle is ever loaded, nothing is sent anywhere, INFO lines do not drown our own.
SAFE_ENVIRONMENT: Final = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
for _name, _value in SAFE_ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException, RestException  # noqa: E402

# Again, for a process in which something else had imported MLflow before.
logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])

EXPERIMENT: Final = "retrain"
_DATABASES: Final = ("sqlite:", "postgresql", "mysql", "mssql")


def tracking_uri(root: Path) -> str:
    """MLFLOW_TRACKING_URI where the user set it, else the SQLite file `mlruns/mlflow.db` under `root`, absolute."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.resolve() / 'mlruns' / 'mlflow.db'}"


def mlflow_environment(root: Path) -> dict[str, str]:
    """Environment variables for a child process that talks to MLflow: same store, no pickles, no telemetry."""
    return {**SAFE_ENVIRONMENT, "MLFLOW_TRACKING_URI": tracking_uri(root)}


def open_store(root: Path) -> MlflowClient:
    """A client of the store of `root`; the database's tables are made by exactly one process.

    Several first users at once would each run the migrations and most would crash ("table already exists").
    """
    uri = tracking_uri(root)
    if not uri.startswith(_DATABASES):
        return MlflowClient(uri, registry_uri=uri)
    folder = root.resolve() / "mlruns"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".store.lock"):
        client = MlflowClient(uri, registry_uri=uri)
        client.get_experiment_by_name(EXPERIMENT)  # the first call makes or upgrades the tables
    return client


def experiment_id(client: MlflowClient, root: Path) -> str:
    """Id of the experiment that holds every retrain; made at first use with an absolute artifact location.

    A tracking server decides its own artifact location, so there the experiment is created without one.
    """
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    is_database = tracking_uri(root).startswith(_DATABASES)
    location = (root.resolve() / "mlruns" / "artifacts").as_uri() if is_database else None
    try:
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))
    except (MlflowException, RestException):
        found = client.get_experiment_by_name(EXPERIMENT)  # another process was faster
        if found is None:
            raise
        return str(found.experiment_id)
