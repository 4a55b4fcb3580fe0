"""MLflow's server on the store of the repository: `python -m flows.mlflow_server`, in its main working tree."""

import os
from pathlib import Path

from components.revisions.home import find_home
from flows.services import LOOPBACK, MLFLOW_PORT


def main() -> None:
    """Make the tables where there are none, then be the server."""
    # The user's address is for clients; this server is the repository's own.
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    from components.tracking.store import experiment_id, open_store, tracking_uri

    root = find_home(Path.cwd()).root
    experiment_id(open_store(root), root)
    # No jobs of MLflow's own: they are for its GenAI evaluations and cost more processes than the server.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    # A version's files are those of a model logged here: no other place of this machine or the network is read for one.
    os.environ["MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"] = r"\Amodels:/m-[0-9a-f]{1,64}\Z"
    port = os.environ[MLFLOW_PORT]
    names = [f"{name}:{port}" for name in (LOOPBACK, "localhost")]
    options = {
        "--backend-store-uri": tracking_uri(root),
        "--artifacts-destination": str(root / "mlruns" / "artifacts"),
        "--host": LOOPBACK,
        "--port": port,
        "--workers": "1",
        # A page of another site may have its own name point here: only these names are answered.
        "--allowed-hosts": ",".join(names),
        "--cors-allowed-origins": ",".join(f"http://{name}" for name in names),
        "--uvicorn-opts": "--log-level warning",
    }
    from mlflow.cli import cli

    cli.main(["server", "--serve-artifacts", *(word for option in options.items() for word in option)])


if __name__ == "__main__":
    main()
