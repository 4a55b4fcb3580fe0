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
from mlflow.entities import Experiment  # noqa: E402
from mlflow.exceptions import MlflowException, RestException  # noqa: E402

# Again, for a process in which something else had imported MLflow before.
logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])

EXPERIMENT: Final = "retrain"
# The kind decides what MLflow's page shows first: runs, and not the traces of a chat application.
EXPERIMENT_TAGS: Final = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": (
        "One run for each retrain (a commit and a profile), one child run for each stage that ran. The description "
        "of a retrain's run has its verdicts, its figures beside trivial baselines, and links to its stages, to its "
        "model versions and to its flow run in Prefect. A stage that had not changed, or was restored, keeps the run "
        "that made its outputs."
    ),
}
_DATABASES: Final = ("sqlite:", "postgresql", "mysql", "mssql")


def tracking_uri(root: Path) -> str:
    """MLFLOW_TRACKING_URI where the user set it, else the SQLite file `mlruns/mlflow.db` under `root`, absolute."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.resolve() / 'mlruns' / 'mlflow.db'}"


def mlflow_environment(root: Path) -> dict[str, str]:
    """Environment variables for a child process that talks to MLflow: same store, no pickles, no telemetry."""
    uri = tracking_uri(root)
    return {**SAFE_ENVIRONMENT, "MLFLOW_TRACKING_URI": uri, "MLFLOW_REGISTRY_URI": uri}


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
        _describe(client, found)
        return str(found.experiment_id)
    is_database = tracking_uri(root).startswith(_DATABASES)
    location = (root.resolve() / "mlruns" / "artifacts").as_uri() if is_database else None
    try:
        return str(client.create_experiment(EXPERIMENT, artifact_location=location, tags=dict(EXPERIMENT_TAGS)))
    except (MlflowException, RestException):
        found = client.get_experiment_by_name(EXPERIMENT)  # another process was faster
        if found is None:
            raise
        return str(found.experiment_id)


def _describe(client: MlflowClient, experiment: Experiment) -> None:
    """Give an experiment that an older version made what is missing; a description of the user's own stands."""
    for name, value in EXPERIMENT_TAGS.items():
        if name not in experiment.tags:
            client.set_experiment_tag(experiment.experiment_id, name, value)
