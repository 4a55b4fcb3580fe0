"""Where OpenLineage events go: to a file of the repository, or where its own variables say; never at a run's cost."""

import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from components.revisions.home import Home

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

EVENTS_FILE: Final = "openlineage.jsonl"
# A transport that does not answer costs one process this long, once; its events go to the file from then on.
PATIENCE_SECONDS: Final = 3.0
_CONFIGURED: Final = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
_PREFIX: Final = "OPENLINEAGE__"
_silent = threading.Event()


def events_file(home: Home) -> Path:
    """Where events are kept that no transport of the user's takes: one JSON object a line."""
    return home.state / EVENTS_FILE


def send(home: Home, event: "RunEvent") -> None:
    """Hand an event over; whatever goes wrong is said on stderr and fails nothing.

    OPENLINEAGE_URL, OPENLINEAGE_CONFIG, OPENLINEAGE__... and OPENLINEAGE_DISABLED mean what openlineage-python says of
    them. Without the first three, and where what they name does not answer, events go to `.fusar/openlineage.jsonl`.
    """
    try:
        if not _is_configured() or _silent.is_set():
            _write(home, event)
        elif (problem := _try(event)) is not None:
            _silent.set()
            print(f"OpenLineage events go to {events_file(home)}: {problem}", file=sys.stderr, flush=True)
            _write(home, event)
    except Exception as error:  # a transport is a plug-in: anything may come out of it
        print(f"an OpenLineage event was not kept: {error}", file=sys.stderr, flush=True)


def _is_configured() -> bool:
    return any(name in _CONFIGURED or name.startswith(_PREFIX) for name in os.environ)


def _try(event: "RunEvent") -> str | None:
    """Emit by the user's own configuration; what is wrong, where it is."""
    failures: list[str] = []

    def emit() -> None:
        try:
            from openlineage.client import OpenLineageClient

            client = OpenLineageClient()
            client.emit(event)
            client.close(timeout=PATIENCE_SECONDS)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")

    logging.getLogger("openlineage").setLevel(logging.CRITICAL)  # it tells of each retry
    # A daemon, because nothing waits for it in the end: its own retries take longer than anybody's patience.
    thread = threading.Thread(target=emit, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if thread.is_alive():
        return f"no answer within {PATIENCE_SECONDS:.0f} s"
    return failures[0] if failures else None


def _write(home: Home, event: "RunEvent") -> None:
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.file import FileConfig, FileTransport

    path = events_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    client: OpenLineageClient = OpenLineageClient(transport=FileTransport(FileConfig(str(path), append=True)))
    client.emit(event)
