"""What follows a person's word on a candidate: the deployment `promote` starts again, or this process promotes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from components.registry.approvals import Approval
from components.registry.candidacy import judge_again
from components.registry.verdicts import Verdict
from components.revisions.home import Home
from flows.deployments import PROMOTE
from flows.server import API_URL, CLIENT
from flows.services import running_services

# The automation in prefect.yaml expects events of these names and hands their payload to the flow.
EVENTS = {"approve": "fusar.candidate.approved", "reject": "fusar.candidate.rejected"}
RESOURCE = "fusar.model-version"


def go_on(home: Home, approval: Approval) -> Verdict | None:
    """Have the candidate judged again after a person's word.

    Returns:
        None where a Prefect server was told, whose workers do it; else the verdict of this process.
    """
    url = os.environ.get(API_URL) or _api_of_services(home)
    if url and _told(url, approval):
        return None
    return judge_again(home, approval.model, approval.version)


def _api_of_services(home: Home) -> str:
    services = running_services(home)
    return services.prefect_api if services else ""


def _told(url: str, approval: Approval) -> bool:
    """Send the event to a server that has the deployment; false where it has none or does not answer."""
    with _client_settings(url):
        from httpx import HTTPError
        from prefect import get_client
        from prefect.events import Event
        from prefect.exceptions import ObjectNotFound

        name = f"{approval.model}/{approval.version}"
        event = Event(
            event=EVENTS[approval.action],
            resource={"prefect.resource.id": f"{RESOURCE}.{name}", "prefect.resource.name": name},
            payload={"model": approval.model, "version": approval.version, "approval": approval.number},
        )
        try:
            with get_client(sync_client=True) as client:
                client.read_deployment_by_name(PROMOTE)
                # By HTTP and not by `emit_event`, which sends from a thread and never says whether it arrived.
                client.request("POST", "/events", json=[event.model_dump(mode="json")]).raise_for_status()
        except (ObjectNotFound, HTTPError):
            return False
    return True


@contextmanager
def _client_settings(url: str) -> Iterator[None]:
    os.environ.update({name: value for name, value in CLIENT.items() if name not in os.environ})
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: url}):
        yield
