"""An error of MLflow's client told as what it means: the server is away, asks who is there, or says no."""

import sys
from typing import Final
from urllib.parse import urlsplit

from components.tracking.errors import ServerRefusal

_MEANING: Final = {
    "UNAUTHENTICATED": "does not know who asks",
    "PERMISSION_DENIED": "does not let this account do that",
    "TEMPORARILY_UNAVAILABLE": "does not answer",
}
_STATUS: Final = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}


def refusal(error: BaseException) -> ServerRefusal | None:
    """What the tracking server said, where it or one of its causes is an answer of the server; None otherwise."""
    if "mlflow" not in sys.modules:
        return None
    import mlflow

    found: BaseException | None = error
    while found is not None:
        if code := _code(found):
            return ServerRefusal(_without_password(mlflow.get_tracking_uri()), _MEANING[code])
        found = found.__cause__
    return None


def _code(error: BaseException) -> str:
    from mlflow.exceptions import MlflowException
    from requests import HTTPError  # artifacts come and go by requests of their own

    if isinstance(error, MlflowException):
        text = str(error)
        if "failed with exception" in text and "API request to" in text:
            return "TEMPORARILY_UNAVAILABLE"
        return error.error_code if error.error_code in ("UNAUTHENTICATED", "PERMISSION_DENIED") else ""
    if isinstance(error, HTTPError) and error.response is not None:
        return _STATUS.get(error.response.status_code, "")
    return ""


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return uri.replace(f"{parts.netloc}", parts.netloc.rpartition("@")[2]) if "@" in parts.netloc else uri
