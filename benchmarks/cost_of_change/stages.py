"""The four stages that work on data, run as a retrain runs them, with what each took and what it worked on."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.cost_of_change.clock import CommandClock
from benchmarks.orchestration.errors import NotMeasurable
from benchmarks.timing import Spent, timed
from components.revisions.checkout import Checkout
from components.revisions.home import Home
from components.revisions.lock import keep, kept_lock, only, read_lock, write_lock
from components.revisions.outputs import check_outputs
from components.revisions.staleness import ask
from flows.environment import child_environment
from flows.stage_run import DVC

DATA_STAGES = ("ingest", "check_chips", "annotate", "check_annotations")
# What each stage says when it ends: how many of what it worked on anew, and how many it knew.
_SAYS = {
    "ingest": re.compile(r"scenes cut (\d+), restored from the memo (\d+)"),
    "check_chips": re.compile(r"chips measured (\d+), known from the memo (\d+)"),
    "annotate": re.compile(r"chips annotated (\d+), restored from the memo (\d+)"),
    "check_annotations": re.compile(r"chips measured (\d+), known from the memo (\d+)"),
}


@dataclass(frozen=True)
class StageCost:
    """One stage of one retrain.

    Attributes:
        command: the stage's own command.
        dvc: DVC around it: start, graph, links, hashes, cache, lock, push.
        checked_s: the flow's own hash of its outputs [s].
        anew: scenes or chips that it worked on.
        known: scenes or chips whose results it took from the memo.
    """

    command: Spent
    dvc: Spent
    checked_s: float
    anew: int
    known: int


@dataclass(frozen=True)
class RetrainCost:
    """The data stages of one retrain, and the question of what is stale before them [s]."""

    asked_s: float
    stages: dict[str, StageCost]


def bring_up_data(home: Home, checkout: Checkout, clock: CommandClock) -> RetrainCost:
    """Run the data stages of a checkout as flows/stage_run.py does, one DVC process each.

    Raises:
        NotMeasurable: one is not stale, or does not say what it worked on.
    """
    lock = kept_lock(home, checkout.profile)
    write_lock(checkout.lock, read_lock(lock))
    asked_s, states = _clocked(partial(ask, checkout.folder))
    stale = {state.name for state in states if state.is_stale}
    needs = {state.name: state.needs for state in states}
    if missing := set(DATA_STAGES) - stale:
        raise NotMeasurable(f"{', '.join(sorted(missing))} is not stale", "Every repeat must add a scene.")
    entries = only(read_lock(checkout.lock), {state.name for state in states} - stale)
    costs = {}
    for name in DATA_STAGES:
        write_lock(checkout.lock, entries)
        commands = [["link", *needs[name]], ["repro", "--single-item", "--pull", name], ["push", "--run-cache", name]]
        environment = clock.environment(child_environment(home))
        whole, said = timed([*DVC, json.dumps(commands)], checkout.folder, environment)
        entries[name] = entry = read_lock(checkout.lock)[name]
        checked_s, _ = _clocked(partial(check_outputs, checkout.folder, name, entry))
        command = clock.read()
        costs[name] = StageCost(command, whole - command, checked_s, *_counted(name, said))
    keep(home, checkout.profile, entries)
    return RetrainCost(asked_s, costs)


def _counted(stage: str, said: str) -> tuple[int, int]:
    found = _SAYS[stage].search(said)
    if found is None:
        raise NotMeasurable(f"{stage} did not say what it worked on", f"It said:\n{said[-2000:]}")
    return int(found[1]), int(found[2])


def _clocked(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result
