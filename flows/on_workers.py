"""A retrain on workers: the flow that waits runs in pool `control`, each stale stage in the pool that it declares."""

import time
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

from prefect import flow, get_client
from prefect.deployments import run_deployment
from prefect.runtime import flow_run
from prefect.states import Cancelling, Completed, Failed, State
from pydantic import BaseModel

from components.contract.errors import FusarError
from components.revisions.admission import admit
from components.revisions.checkout import check_out, in_use
from components.revisions.clone import is_clone, published
from components.revisions.home import Home, find_home
from components.revisions.lock import check_joined, keep, write_lock
from components.revisions.staleness import StageState, entry_before_run
from components.tracking.keys import input_key
from flows.addresses import addresses, flow_run_address
from flows.answers import answer, answer_of
from flows.devices import holding_devices
from flows.errors import StageFailed
from flows.listening import listener
from flows.naming import retrain_name
from flows.outages import through_outages
from flows.parameters import QUEUES, Priority, Profile, Revision, StageName
from flows.recording import Recorder
from flows.result import StageOutcome
from flows.retrain import bring_up
from flows.stage_run import Work, bring_up_to_date

POLL_SECONDS = 0.5
# A worker gives a cancelled run 30 s before it kills it; its stage gets 15 s of these.
CANCEL_SECONDS = 25.0
_OUTCOMES: dict[str, Literal["ran", "restored"]] = {"ran": "ran", "restored": "restored"}


@flow(name="retrain", flow_run_name=retrain_name, persist_result=False)  # type: ignore[untyped-decorator]
def retrain(profile: Profile, revision: Revision, force: list[StageName], priority: Priority = "normal") -> State[None]:
    """Bring every stage up to date at a commit, then register the models that came of it.

    Args:
        profile: Parameter set in profiles/, by its name.
        revision: Branch, tag or commit.
        force: Stages that run although nothing has changed.
        priority: Whose stages go first where workers are few.
    """
    home = find_home(Path.cwd())
    run = partial(run_on_a_worker, priority=priority)
    retrained = bring_up(home, _let_in(home, revision), profile, force, run, waits=True)
    versions = ", ".join(f"{version['model']}/{version['version']}" for version in retrained.registration.versions)
    what = "nothing was stale" if retrained.is_unchanged else "up to date"
    return Completed(message=f"commit {retrained.commit[:12]}: {what}; {versions}")


class Given(BaseModel):
    """What the retrain knows and hands to a stage, which may run on a machine that shares nothing with it.

    Attributes:
        lock: Lock entries of the stages that are up to date.
        needs: Paths that the stage reads and others make.
        is_forced: Whether it runs although nothing has changed.
        mlflow_run_id: MLflow run of the retrain.
    """

    lock: dict[str, Any]
    needs: list[str]
    is_forced: bool
    mlflow_run_id: str


@flow(name="stage", flow_run_name="{stage} {profile}", persist_result=False)  # type: ignore[untyped-decorator]
def run_stage(stage: str, profile: str, commit: str, pool: Literal["cpu", "gpu"], given: Given) -> State[None]:
    """Bring one stage up to date for a retrain, which waits for it; by hand: start a retrain instead.

    Args:
        stage: Its name.
        profile: Parameter set in profiles/, by its name.
        commit: Full id.
        pool: Work pool that the stage declares.
        given: What the retrain knows.
    """
    # A message and no exception: Prefect would have to pickle that for the retrain to see it.
    try:
        home = find_home(Path.cwd())
        commit = _let_in(home, commit)
        with in_use(home, commit, profile), holding_devices(pool):
            checkout = check_out(home, commit, profile)
            recorder = Recorder(home, checkout, str(flow_run.id))
            recorder.mlflow_run_id = given.mlflow_run_id
            work = Work(home, checkout, recorder, dict(given.lock), {stage: pool})
            outcome = bring_up_to_date(work, StageState(stage, True, (), tuple(given.needs), ()), given.is_forced)
    except StageFailed as error:
        return Failed(message=error.reason)
    except FusarError as error:
        return Failed(message=str(error))
    through_outages(lambda: answer(work.entries[stage]))
    return Completed(message=outcome.outcome)


def run_on_a_worker(work: Work, state: StageState, is_forced: bool, priority: Priority = "normal") -> StageOutcome:
    """Bring one stale stage up to date by a run of the deployment `stage` in the stage's pool, and wait for it.

    Raises:
        StageFailed: it failed there, its worker died, or it answered about other inputs.
        TornLock: it read something other than what the stages above it wrote.
    """
    started = time.monotonic()
    checkout, pool = work.checkout, work.pools.get(state.name, "cpu")
    write_lock(checkout.lock, work.entries)
    asked_about = input_key(entry_before_run(checkout.folder, state.name))
    given = Given(
        lock=work.entries, needs=list(state.needs), is_forced=is_forced, mlflow_run_id=work.recorder.mlflow_run_id
    )
    parameters = {
        "stage": state.name,
        "profile": checkout.profile,
        "commit": checkout.commit,
        "pool": pool,
        "given": given.model_dump(mode="json"),
    }
    # The key: asked again after an outage that swallowed the answer, the server starts no second run.
    options = {"timeout": 0, "work_queue_name": QUEUES[priority], "idempotency_key": str(uuid4())}
    asked = through_outages(lambda: run_deployment(f"stage/{pool}", parameters=parameters, **options))
    try:
        end = _wait(asked.id, pool, None)
    except BaseException:
        _cancel(asked.id, pool)
        raise
    page = flow_run_address(addresses(work.home).prefect, str(asked.id))
    if not end.is_completed() or end.message not in _OUTCOMES:
        raise StageFailed(state.name, end.message or end.name or "no answer", page)
    entry = through_outages(lambda: answer_of(asked.id))
    if entry is None or input_key(entry) != asked_about:
        raise StageFailed(state.name, "its worker answered about other inputs", page)
    check_joined({**work.entries, state.name: entry})
    work.entries[state.name] = entry
    work.elsewhere += [out["path"] for out in entry["outs"]]
    keep(work.home, checkout.profile, {state.name: entry})
    return StageOutcome(state.name, _OUTCOMES[end.message], time.monotonic() - started)


def _let_in(home: Home, revision: str) -> str:
    """What may run here: on a machine of its own, a worker takes only what its git remote shows.

    Raises:
        RevisionError: the commit is not published, or its graph is none of stages.
    """
    if not is_clone(home):
        return revision
    commit = published(home, revision)
    admit(home, commit)
    return commit


def _wait(flow_run_id: UUID, pool: str, seconds: float | None) -> State[None]:
    """The state of a flow run once it is final, or when the time is over [s]."""
    started, said = time.monotonic(), ""
    with get_client(sync_client=True) as client:
        while True:
            state: State[None] = through_outages(lambda: client.read_flow_run(flow_run_id).state)
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
