"""What happens, told to Prefect's server as events: automations hear them and start flows or write to people."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from components.revisions.home import Home
from flows.server import API_URL, CLIENT, OWN_SERVER
from flows.services import running_services

VERSION_RESOURCE = "fusar.model-version"
COMMIT_RESOURCE = "fusar.commit"


def event_id(*words: str) -> UUID:
    """The same id for the same words: what happened once is told once, however often somebody tells it."""
    return uuid5(NAMESPACE_URL, "/".join(("fusar", *words)))


def tell(event: str, resource: str, payload: Mapping[str, Any], told_as: UUID) -> bool:
    """Send an event to the server of the current settings, unless it has one of this id.

    Args:
        event: its name (`fusar.champion.changed`).
        resource: id of what it happened to (`fusar.model-version.fusar-gpt.3`).
        payload: what an automation may need, as JSON.
        told_as: its id, by `event_id`.

    Returns:
        False where no server took it; one that lives for a single command is not asked, since nobody listens there.
    """
    if os.environ.get(OWN_SERVER):
        return False
    from httpx import HTTPError
    from prefect import get_client
    from prefect.events import Event

    named = {"prefect.resource.id": resource, "prefect.resource.name": resource.removeprefix("fusar.")}
    told = Event(event=event, resource=named, payload=dict(payload), id=told_as)
    # A server forgets after minutes which events it took and would start the same automations again.
    known = {"filter": {"id": {"id": [str(told_as)]}}, "limit": 1}
    try:
        with get_client(sync_client=True) as client:
            answer = client.request("POST", "/events/filter", json=known)
            if answer.raise_for_status().json()["events"]:
                return True
            # By HTTP and not by `emit_event`, which sends from a thread and never says whether it arrived.
            client.request("POST", "/events", json=[told.model_dump(mode="json")]).raise_for_status()
    except HTTPError:
        return False
    return True


@contextmanager
def server_of(home: Home) -> Iterator[bool]:
    """Settings of the user's own Prefect server, else of the running services, for the block.

    Yields:
        False where there is none: nobody can be told.
    """
    services = running_services(home)
    url = os.environ.get(API_URL) or (services.prefect_api if services else "")
    if not url:
        yield False
        return
    os.environ.update({name: value for name, value in CLIENT.items() if name not in os.environ})
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: url}):
        yield True
