"""A retrain: what of a commit is stale runs, in order, and its result is registered."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import gethostname

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff

from components.lineage.heeding import refuse_checkout
from components.lineage.journal import journal_url
from components.revisions.checkout import check_out, profile_blob
from components.revisions.git import resolve
from components.revisions.home import Home
from components.revisions.leases import lease
from components.revisions.lock import only, read_lock, write_lock
from components.revisions.staleness import StageState
from components.revisions.turns import Holder, taking_turns
from flows.listening import listener, say_who_is_waited_for, watched_by
from flows.naming import retrain_name
from flows.page import Page
from flows.patience import FIRST_DELAY_SECONDS, is_worth_another_try, patience_with
from flows.planning import stage_states
from flows.recording import Recorder
from flows.registering import register
from flows.result import Retrained, StageOutcome
from flows.stage_run import Work, bring_up_to_date, pull
from flows.steps import check_parameters
from flows.telling import tell_retrain
from flows.warm_starts import refuse_warm_starts

RunStage = Callable[[Work, StageState, bool], StageOutcome]


@flow(name="retrain", flow_run_name=retrain_name, persist_result=False)  # type: ignore[untyped-decorator]
def retrain(root: Path, revision: str, profile: str, force: tuple[str, ...] = (), waits: bool = False) -> Retrained:
    """Bring every stage up to date at a commit, then register the models that came of it; stages run in this process.

    Args:
        root: main working tree of the repository.
        revision: branch, tag or commit.
        profile: name of the parameter set in profiles/.
        force: stages that run although nothing has changed.
        waits: whether it waits for another process that works on the profile.

    Raises:
        FusarError: a bad revision, profile or parameter, a profile in use, or a stage that failed.
    """
    return bring_up(Home(root), revision, profile, force, bring_up_to_date, waits=waits)


def bring_up(
    home: Home, revision: str, profile: str, force: Collection[str], run_stage: RunStage, *, waits: bool
) -> Retrained:
    """What a flow does for `retrain`, wherever its stages run.

    Args:
        home: of the repository.
        revision: branch, tag or commit.
        profile: name of the parameter set in profiles/.
        force: stages that run although nothing has changed.
        run_stage: brings one stale stage up to date; it is given the work, the stage and whether it is forced.
        waits: whether it waits for another process that works on the profile, and shares its answer where that one
            retrains the same commit.

    Raises:
        FusarError: a bad revision, profile or parameter, a profile in use, or a stage that failed.
    """
    commit = resolve(home.root, revision)
    profile_blob(home, commit, profile)  # a name that is none must not become the name of a file
    with _turn(home, commit, profile, "" if force else commit, waits):
        checkout = check_out(home, commit, profile)
        listener().end("checkout", checkout.commit[:12], 0.0)
        refuse_checkout(home, checkout)
        pools = check_parameters(home, checkout)
        refuse_warm_starts(home, checkout)
        states = stage_states(home, checkout, force)
        fresh = {state.name for state in states if not state.is_stale}
        recorder = Recorder(home, checkout, str(flow_run.id))
        work = Work(home, checkout, recorder, only(read_lock(checkout.lock), fresh), pools)
        page = Page(work, states)
        try:
            with watched_by(page):
                outcomes = tuple(_run(work, state, state.name in force, run_stage) for state in states)
                write_lock(checkout.lock, work.entries)
                absent = [path for state in states if not state.is_stale for path in state.absent]
                pull(work, [*work.elsewhere, *absent])
                registration = register(work, str(flow_run.id))
        except BaseException as error:
            recorder.close("FAILED" if isinstance(error, Exception) else "KILLED", page.failed(error))
            if isinstance(error, Exception):
                tell_retrain(commit, profile, str(flow_run.id), failure=str(error))
            raise
        recorder.close("FINISHED", page.finished(registration))
        tell_retrain(commit, profile, str(flow_run.id), versions=registration.versions)
        return Retrained(checkout.commit, profile, checkout.folder, outcomes, registration)


@contextmanager
def _turn(home: Home, commit: str, profile: str, joined_by: str, waits: bool) -> Iterator[None]:
    """Nobody else on this machine works on the profile, and nobody on any machine retrains this commit with it."""
    wait = partial(_say, profile, joined_by) if waits else None
    holder = f"a retrain of commit {commit[:12]} with profile {profile} on {gethostname()}"
    with (
        taking_turns(home, profile, joined_by, wait),
        lease(journal_url(home.root), f"retrain-{commit}-{profile}", holder, on_wait=_say_elsewhere),
    ):
        yield


def _say_elsewhere(holder: str) -> None:
    """What it made is restored once it has ended."""
    said = f"waiting for {holder}"
    listener().begin(said)
    get_run_logger().info(said)


def _say(profile: str, work: str, holder: Holder | None) -> None:
    """Whom this retrain waits for, in the log that Prefect keeps of it too."""
    get_run_logger().info(say_who_is_waited_for(profile, work, holder))


def _run(work: Work, state: StageState, is_forced: bool, run_stage: RunStage) -> StageOutcome:
    """One stage; a stale one is a task run of its own in Prefect, under the stage's name."""
    if not state.is_stale:
        listener().end(state.name, "unchanged", 0.0)
        return StageOutcome(state.name, "unchanged", 0.0)
    started = time.monotonic()
    listener().begin(state.name)

    def stage() -> StageOutcome:
        return run_stage(work, state, is_forced)

    # DVC alone decides what is up to date, so Prefect caches nothing.
    try:
        run = task(
            stage,
            name=state.name,
            task_run_name=state.name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=patience_with(state.name).retries,
            retry_delay_seconds=exponential_backoff(FIRST_DELAY_SECONDS),
            retry_condition_fn=is_worth_another_try,
        )
        outcome: StageOutcome = run()
    except BaseException:
        listener().end(state.name, "failed", time.monotonic() - started)
        raise
    listener().end(state.name, outcome.outcome, outcome.seconds)
    return outcome
