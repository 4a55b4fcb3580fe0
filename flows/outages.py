"""Prefect's server may be away for minutes, restarted or behind a cut network, while a stage works for hours."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import httpx
from prefect.exceptions import PrefectHTTPStatusError

from flows.listening import listener

T = TypeVar("T")
PATIENCE_SECONDS: Final = 1800.0
_POLL_SECONDS: Final = 2.0


def through_outages(ask: Callable[[], T]) -> T:
    """What `ask` answers once the server does; asked again, it must do nothing twice.

    Raises:
        httpx.TransportError: no answer for half an hour.
    """
    until, is_said = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return ask()
        except (httpx.TransportError, PrefectHTTPStatusError) as error:
            is_away = isinstance(error, httpx.TransportError) or error.response.status_code >= 500
            if not is_away or time.monotonic() > until:
                raise
        if not is_said:
            listener().line("Prefect's server does not answer: waiting for it")
            is_said = True
        time.sleep(_POLL_SECONDS)
