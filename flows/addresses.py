"""Where a person sees this retrain in a browser: Prefect's page and MLflow's page."""

import os
from dataclasses import dataclass
from urllib.parse import quote

from components.revisions.home import Home
from flows.server import API_URL, OWN_SERVER
from flows.services import DEFAULT_PORTS, MLFLOW_PORT, PREFECT_PORT, running_services

UI_URL = "PREFECT_UI_URL"
TRACKING_URI = "MLFLOW_TRACKING_URI"


@dataclass(frozen=True)
class Addresses:
    """Roots of the pages, without a slash at the end.

    Attributes:
        prefect: Prefect's page.
        mlflow: MLflow's page.
        has_prefect: whether someone serves the first; otherwise it is where `make up` will.
        has_mlflow: the same of the second.
    """

    prefect: str
    mlflow: str
    has_prefect: bool
    has_mlflow: bool


def addresses(home: Home) -> Addresses:
    """Addresses of both pages: what the user has set, else the running services', else where `make up` will be."""
    services = running_services(home)
    ports = {name: os.environ.get(name, default) for name, default in DEFAULT_PORTS.items()}
    tracking = os.environ.get(TRACKING_URI, "")
    prefect, mlflow = _set_by_the_user(), tracking if tracking.startswith(("http://", "https://")) else ""
    if services is not None:
        prefect, mlflow = prefect or services.prefect_ui, mlflow or services.mlflow
    later = [f"http://127.0.0.1:{ports[name]}" for name in (PREFECT_PORT, MLFLOW_PORT)]
    return Addresses((prefect or later[0]).rstrip("/"), (mlflow or later[1]).rstrip("/"), bool(prefect), bool(mlflow))


def flow_run_address(base: str, flow_run_id: str) -> str:
    """Address of a flow run in Prefect's page."""
    return f"{base}/runs/flow-run/{quote(flow_run_id)}"


def _set_by_the_user() -> str:
    """Prefect's page by the user's own settings; a server that lives for one command has none."""
    if os.environ.get(UI_URL):
        return os.environ[UI_URL]
    return "" if os.environ.get(OWN_SERVER) else os.environ.get(API_URL, "").removesuffix("/api")
