"""Who this process is to the tracking server: the name that MLflow's accounts know, where it has accounts."""

from pathlib import Path
from typing import Any, Final

from components.tracking.errors import ServerRefusal
from components.tracking.store import tracking_uri

# What MLflow's own page asks to show who is signed in (mlflow.server.auth.routes.GET_CURRENT_USER); importing it from
# there would load the whole server.
CURRENT_USER: Final = "/api/2.0/mlflow/users/current"
_NOT_FOUND: Final = 404


def signed_in(root: Path) -> str | None:
    """Name under which the tracking server of `root` knows this process; None where there are no accounts.

    Raises:
        ServerRefusal: the server does not know who asks, or does not answer.
    """
    uri = tracking_uri(root)
    if not uri.startswith(("http://", "https://")):
        return None
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    try:
        answer = http_request(get_default_host_creds(uri), CURRENT_USER, "GET")
    except MlflowException as error:
        raise ServerRefusal(uri, "does not answer") from error
    if answer.status_code == _NOT_FOUND:
        return None
    return _name(uri, answer.status_code, answer)


def _name(uri: str, status: int, answer: Any) -> str:
    try:
        return str(answer.json()["user"]["username"])
    except (ValueError, KeyError, TypeError) as error:
        raise ServerRefusal(uri, f"does not say who is signed in (HTTP {status})") from error
