"""What kills and lost events have left open is finished: by the hour on workers, or when somebody starts it."""

from pathlib import Path
from uuid import UUID

from prefect import flow, get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed, State

from components.contract.errors import FusarError
from components.revisions.home import find_home
from flows.deployments import PROMOTE
from flows.telling import tell_champions


@flow(name="reconcile", persist_result=False)  # type: ignore[untyped-decorator]
def reconcile() -> State[None]:
    """Bring ledger, tags and aliases together, start `promote` where its event was lost, end dead MLflow runs."""
    # Here and not above: `make up` reads this file to make the deployment, and MLflow's import takes seconds.
    from components.registry.candidacy import unanswered
    from components.registry.models import MODELS
    from components.registry.reconciling import reconcile as bring_together
    from components.tracking.abandoned import end_abandoned
    from components.tracking.runs import Tracking

    home = find_home(Path.cwd())
    try:
        steps = bring_together(home)
        tell_champions(home, [model.name for model in MODELS])  # of a promotion that was killed before it told
        waiting = unanswered(home)
        ended = end_abandoned(Tracking(home.root), _is_over)
    except FusarError as error:
        return Failed(message=str(error))
    done = [*(str(step) for step in steps), *(f"MLflow run {name}: ended, nobody works on it" for name in ended)]
    for approval in waiting:
        parameters = {"model": approval.model, "version": approval.version}
        # The key: a run that still stands in the queue is not started a second time an hour later.
        key = f"{approval.model}/{approval.version}/{approval.number}"
        run_deployment(PROMOTE, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=key)
        done.append(f"{approval.model}/{approval.version}: {approval.in_words}, and no verdict followed; judged again")
    name = "Completed" if all(step.is_mended for step in steps) else "Needs a person"
    return Completed(name=name, message="; ".join(done) or "nothing was open")


def _is_over(flow_run_id: str) -> bool:
    """Whether a flow run of this server has ended; one that it does not know may be another server's."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(UUID(flow_run_id)).state
    except (ObjectNotFound, ValueError):
        return False
    return state is not None and bool(state.is_final())
