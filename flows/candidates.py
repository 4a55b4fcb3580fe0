"""What follows a person's word on a candidate: the deployment `promote` starts again, or this process promotes."""

from components.registry.approvals import Approval
from components.registry.candidacy import judge_again
from components.registry.verdicts import Verdict
from components.revisions.home import Home
from flows.deployments import PROMOTE
from flows.events import VERSION_RESOURCE, event_id, server_of, tell

# The automation in prefect.yaml expects events of these names and hands their payload to the flow.
EVENTS = {"approve": "fusar.candidate.approved", "reject": "fusar.candidate.rejected"}


def go_on(home: Home, approval: Approval) -> Verdict | None:
    """Have the candidate judged again after a person's word.

    Returns:
        None where a Prefect server was told, whose workers do it; else the verdict of this process.
    """
    with server_of(home) as has_server:
        if has_server and _has_deployment() and _told(approval):
            return None
    return judge_again(home, approval.model, approval.version)


def _told(approval: Approval) -> bool:
    payload = {"model": approval.model, "version": approval.version, "approval": approval.number}
    told_as = event_id("word", approval.model, str(approval.number), approval.at)
    resource = f"{VERSION_RESOURCE}.{approval.model}.{approval.version}"
    return tell(EVENTS[approval.action], resource, payload, told_as)


def _has_deployment() -> bool:
    """Whether the server has the deployment that judges; false where it does not answer."""
    from httpx import HTTPError
    from prefect import get_client
    from prefect.exceptions import ObjectNotFound

    try:
        with get_client(sync_client=True) as client:
            client.read_deployment_by_name(PROMOTE)
    except (ObjectNotFound, HTTPError):
        return False
    return True
