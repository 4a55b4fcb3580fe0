"""What a retrain would do, without Prefect and without running anything."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from components.lineage.heeding import refuse_checkout
from components.revisions.checkout import Checkout, check_out
from components.revisions.git import resolve
from components.revisions.home import Home
from components.revisions.lock import kept_lock, lock_digest, read_lock
from components.revisions.staleness import StageState, ask
from components.revisions.turns import taking_turns
from flows.listening import say_who_is_waited_for
from flows.registering import known_registration
from flows.result import Retrained, StageOutcome
from flows.steps import check_parameters

PARENTS_SEARCHED = 50


@dataclass(frozen=True)
class Plan:
    """What a retrain of a commit with a profile would do.

    Attributes:
        commit: full id.
        profile: name of its parameter set.
        stages: every stage of the graph, in order.
        last_seconds: of each stage that ever ran with this profile, how long it took the last time [s].
    """

    commit: str
    profile: str
    stages: tuple[StageState, ...]
    last_seconds: Mapping[str, float]


def plan(root: Path, revision: str, profile: str, force: Collection[str] = ()) -> Plan:
    """Which stages of a commit are stale, why, and what they cost last time.

    Raises:
        FusarError: a bad revision, profile or parameter.
    """
    home = Home(root)
    with home.busy(profile):
        checkout = check_out(home, resolve(home.root, revision), profile)
        check_parameters(home, checkout)
        states = stage_states(home, checkout, force)
    seconds = last_seconds(home, profile) if any(state.is_stale for state in states) else {}
    return Plan(checkout.commit, profile, states, seconds)


def settled(root: Path, revision: str, profile: str, *, waits: bool = False) -> Retrained | None:
    """What an earlier retrain came to where nothing is stale since; to say so takes no server and no flow run.

    Args:
        root: main working tree of the repository.
        revision: branch, tag or commit.
        profile: name of the parameter set in profiles/.
        waits: whether it waits for another process that works on the profile.

    Raises:
        FusarError: a bad revision, profile or parameter, or a profile in use.
    """
    home = Home(root)
    commit = resolve(home.root, revision)
    wait = partial(say_who_is_waited_for, profile, commit) if waits else None
    with taking_turns(home, profile, commit, wait):
        checkout = check_out(home, commit, profile)
        refuse_checkout(home, checkout)
        check_parameters(home, checkout)
        states = stage_states(home, checkout)
        registration = known_registration(home, profile, lock_digest(read_lock(checkout.lock)))
    if registration is None or any(state.is_stale or state.absent for state in states):
        return None
    stages = tuple(StageOutcome(state.name, "unchanged", 0.0) for state in states)
    return Retrained(checkout.commit, profile, checkout.folder, stages, registration)


def stage_states(home: Home, checkout: Checkout, force: Collection[str] = ()) -> tuple[StageState, ...]:
    """State of each stage, asked of DVC once with the newest lock of the profile in the checkout."""
    newest = kept_lock(home, checkout.profile)
    if newest.exists():
        shutil.copyfile(newest, checkout.lock)
    else:
        checkout.lock.unlink(missing_ok=True)
    return ask(checkout.folder, force)


def last_seconds(home: Home, profile: str) -> dict[str, float]:
    """How long each stage took when it last ran with this profile [s], by the newest retrains in MLflow."""
    if not (home.root / "mlruns").exists():
        return {}
    from components.tracking.runs import Tracking

    tracking = Tracking(home.root)
    retrains = tracking.client.search_runs(
        [tracking.experiment_id],
        f"tags.`fusar.kind` = 'retrain' and tags.`fusar.profile` = '{profile}'",
        max_results=PARENTS_SEARCHED,
        order_by=["attributes.start_time DESC"],
    )
    seconds: dict[str, float] = {}
    for retrain in retrains:
        for tag, value in retrain.data.tags.items():
            stage, (how, _, run_id) = tag.removeprefix("fusar.stage."), value.partition(" ")
            if stage == tag or how != "ran" or stage in seconds:
                continue
            run = tracking.client.get_run(run_id)
            if run.info.status == "FINISHED" and "duration_s" in run.data.metrics:
                seconds[stage] = run.data.metrics["duration_s"]
    return seconds
