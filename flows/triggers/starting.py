"""One retrain for each commit and profile, however many hear of the commit."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.deployments import run_deployment

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

RETRAIN: Final = "retrain/workers"
# A retrain that crashed (its worker or its machine died) is started again, so often in all; one that failed is not.
_ATTEMPTS: Final = 3


def start_once(root: Path, commit: str, profile: str) -> str:
    """Start a retrain unless one of the same commit and profile is under way or has ended, and say which it is.

    Prefect's server decides between all who ask at once: a flow run's idempotency key is unique in its database.

    Args:
        root: main working tree of the repository.
        commit: full id.
        profile: name of the parameter set in profiles/.

    Returns:
        `started`, or what became of the one before: `scheduled`, `running`, `completed`, `failed` ...; `retrained`
        where MLflow alone remembers it.
    """
    keys = [f"retrain {commit} {profile} {attempt}" for attempt in range(1, _ATTEMPTS + 1)]
    known = _runs(keys)
    crashed = sum(run.state is not None and run.state.is_crashed() for run in known)
    if known and not (crashed == len(known) < _ATTEMPTS):
        newest = max(known, key=lambda run: keys.index(str(run.idempotency_key)))
        return newest.state_name.lower() if newest.state_name else "scheduled"
    if not known and _is_remembered(root, commit, profile):
        return "retrained"
    parameters = {"profile": profile, "revision": commit}
    run_deployment(RETRAIN, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=keys[len(known)])
    return "started"


def _runs(keys: list[str]) -> "list[FlowRun]":
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=keys))
    with get_client(sync_client=True) as client:
        return list(client.read_flow_runs(flow_run_filter=wanted))


def _is_remembered(root: Path, commit: str, profile: str) -> bool:
    """Whether MLflow has a retrain that ended well: Prefect's database may be younger, and a person needs no server."""
    from components.tracking.runs import Tracking  # MLflow's import takes seconds

    tracking = Tracking(root)
    wanted = f"tags.`fusar.kind` = 'retrain' and tags.`fusar.commit` = '{commit}'"
    ended = f"tags.`fusar.profile` = '{profile}' and attributes.status = 'FINISHED'"
    return bool(tracking.client.search_runs([tracking.experiment_id], f"{wanted} and {ended}", max_results=1))
