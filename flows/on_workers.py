"""A retrain on workers: the flow that waits runs in pool `control`, each stale stage in the pool that it declares."""

import time
from pathlib import Path
from typing import Literal
from uuid import UUID

from prefect import flow, get_client
from prefect.deployments import run_deployment
from prefect.runtime import flow_run
from prefect.states import Cancelling, Completed, Failed, State

from components.contract.errors import FusarError
from components.revisions.checkout import check_out
from components.revisions.home import find_home
from components.revisions.lock import read_lock, write_lock
from components.revisions.staleness import StageState
from flows.errors import StageFailed
from flows.listening import listener
from flows.naming import retrain_name
from flows.recording import Recorder
from flows.result import StageOutcome
from flows.retrain import bring_up
from flows.stage_run import Work, bring_up_to_date

POLL_SECONDS = 0.5
# A worker gives a cancelled run 30 s before it kills it; its stage gets 15 s of these.
CANCEL_SECONDS = 25.0
_OUTCOMES: dict[str, Literal["ran", "restored"]] = {"ran": "ran", "restored": "restored"}


@flow(name="retrain", flow_run_name=retrain_name, persist_result=False)  # type: ignore[untyped-decorator]
def retrain(profile: str, revision: str, force: list[str]) -> State[None]:
    """Bring every stage up to date at a commit, then register the models that came of it.

    Args:
        profile: Parameter set in profiles/, by its name.
        revision: Branch, tag or commit.
        force: Stages that run although nothing has changed.
    """
    retrained = bring_up(find_home(Path.cwd()), revision, profile, force, run_on_a_worker, waits=True)
    versions = ", ".join(f"{version['model']}/{version['version']}" for version in retrained.registration.versions)
    what = "nothing was stale" if retrained.is_unchanged else "up to date"
    return Completed(message=f"commit {retrained.commit[:12]}: {what}; {versions}")


@flow(name="stage", flow_run_name="{stage} {profile}", persist_result=False)  # type: ignore[untyped-decorator]
def run_stage(
    stage: str, profile: str, commit: str, needs: list[str], is_forced: bool, mlflow_run_id: str
) -> State[None]:
    """Bring one stage up to date in the checkout of a retrain, which waits for it; by hand: start a retrain instead.

    Args:
        stage: Its name.
        profile: Parameter set in profiles/, by its name.
        commit: Full id.
        needs: Paths that it reads and others make.
        is_forced: Whether it runs although nothing has changed.
        mlflow_run_id: MLflow run of the retrain.
    """
    home = find_home(Path.cwd())
    checkout = check_out(home, commit, profile)
    recorder = Recorder(home, checkout, str(flow_run.id))
    recorder.mlflow_run_id = mlflow_run_id
    state = StageState(stage, True, (), tuple(needs), ())
    # A message and no exception: Prefect would have to pickle that for the retrain to see it.
    try:
        outcome = bring_up_to_date(Work(home, checkout, recorder, read_lock(checkout.lock)), state, is_forced)
    except StageFailed as error:
        return Failed(message=error.reason)
    except FusarError as error:
        return Failed(message=str(error))
    return Completed(message=outcome.outcome)


def run_on_a_worker(work: Work, state: StageState, is_forced: bool) -> StageOutcome:
    """Bring one stale stage up to date by a run of the deployment `stage` in the stage's pool, and wait for it.

    Raises:
        StageFailed: it failed there, or its worker died.
    """
    started = time.monotonic()
    checkout, pool = work.checkout, work.pools.get(state.name, "cpu")
    write_lock(checkout.lock, work.entries)
    parameters = {
        "stage": state.name,
        "profile": checkout.profile,
        "commit": checkout.commit,
        "needs": list(state.needs),
        "is_forced": is_forced,
        "mlflow_run_id": work.recorder.mlflow_run_id,
    }
    asked = run_deployment(f"stage/{pool}", parameters=parameters, timeout=0)
    try:
        end = _wait(asked.id, pool, None)
    except BaseException:
        _cancel(asked.id, pool)
        raise
    if not end.is_completed() or end.message not in _OUTCOMES:
        log_file = work.home.logs / checkout.profile / f"{state.name}.log"
        raise StageFailed(state.name, end.message or end.name or "no answer", str(log_file))
    work.entries[state.name] = read_lock(checkout.lock)[state.name]
    return StageOutcome(state.name, _OUTCOMES[end.message], time.monotonic() - started)


def _wait(flow_run_id: UUID, pool: str, seconds: float | None) -> State[None]:
    """The state of a flow run once it is final, or when the time is over [s]."""
    started, said = time.monotonic(), ""
    with get_client(sync_client=True) as client:
        while True:
            state: State[None] = client.read_flow_run(flow_run_id).state
            if state.is_final() or (seconds is not None and time.monotonic() - started > seconds):
                return state
            if state.name != said:
                said = str(state.name)
                listener().line(f"pool {pool}: {said.lower()}")
            time.sleep(POLL_SECONDS)


def _cancel(flow_run_id: UUID, pool: str) -> None:
    """End the run of a stage: whoever cancels a retrain does not know of it."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run_id, Cancelling(message="its retrain ended"))
    _wait(flow_run_id, pool, CANCEL_SECONDS)
