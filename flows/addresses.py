"""Where a person sees this retrain in a browser: Prefect's page and MLflow's page."""

import os
from dataclasses import dataclass
from urllib.parse import quote

from components.revisions.home import Home
from flows.server import API_URL
from flows.services import DEFAULT_PORTS, MLFLOW_PORT, PREFECT_PORT, running_services

UI_URL = "PREFECT_UI_URL"
TRACKING_URI = "MLFLOW_TRACKING_URI"
OWN_SERVER = "FUSAR_OWN_PREFECT_SERVER"


@dataclass(frozen=True)
class Addresses:
    """Roots of the pages, without a slash at the end.

    Attributes:
        prefect: Prefect's page.
        mlflow: MLflow's page.
        is_running: whether someone serves them; otherwise they are where `make up` will.
    """

    prefect: str
    mlflow: str
    is_running: bool


def addresses(home: Home) -> Addresses:
    """Addresses of both pages: what the user has set, else the running services', else where `make up` will be."""
    services = running_services(home)
    ports = {name: os.environ.get(name, default) for name, default in DEFAULT_PORTS.items()}
    prefect = _set_by_the_user() or (services.prefect_ui if services else f"http://127.0.0.1:{ports[PREFECT_PORT]}")
    tracking = os.environ.get(TRACKING_URI, "")
    is_server = tracking.startswith(("http://", "https://"))
    mlflow = services.mlflow if services else f"http://127.0.0.1:{ports[MLFLOW_PORT]}"
    return Addresses(
        prefect.rstrip("/"), (tracking if is_server else mlflow).rstrip("/"), is_server or services is not None
    )


def flow_run_address(base: str, flow_run_id: str) -> str:
    """Address of a flow run in Prefect's page."""
    return f"{base}/runs/flow-run/{quote(flow_run_id)}"


def _set_by_the_user() -> str:
    """Prefect's page by the user's own settings; a server that lives for one command has none."""
    if os.environ.get(UI_URL):
        return os.environ[UI_URL]
    return "" if os.environ.get(OWN_SERVER) else os.environ.get(API_URL, "").removesuffix("/api")
