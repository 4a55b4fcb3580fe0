"""Which retrains run: what they may still restore or write is no garbage, whatever its age."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from filelock import FileLock, Timeout
from mlflow import MlflowClient

from components.retention.committed import heads
from components.revisions import git
from components.revisions.checkout import PROFILES_FOLDER
from components.revisions.errors import Busy
from components.revisions.home import Home
from components.tracking.runs import KIND, is_abandoned
from components.tracking.store import EXPERIMENT

# A run on another machine that has been open for longer was killed together with whoever could have closed it.
_LONGEST_S: Final = 60 * 86400.0
_BUSY, _USE = ".busy", ".use"


@contextmanager
def held_profiles(home: Home) -> Iterator[tuple[str, ...]]:
    """Hold every profile that nobody works on, so that no retrain of this clone begins in the block.

    Yields:
        Names of the profiles, of versions that are made anew, and of checkouts on which another process works.
    """
    names = {file.name.removesuffix(_BUSY) for file in home.locks.glob(f"*{_BUSY}")}
    for _, commit in set(heads(home)):
        files = git.names_in(home.root, commit, PROFILES_FOLDER)
        names |= {name.removesuffix(".yaml") for name in files if name.endswith(".yaml")}
    busy = []
    with ExitStack() as stack:
        for name in sorted(names):
            try:
                stack.enter_context(home.busy(name))
            except Busy:
                busy.append(name)
        for file in sorted(home.locks.glob(f"*{_USE}")):  # a stage runs in the checkout of that name
            try:
                stack.enter_context(FileLock(file, timeout=0))
            except Timeout:
                busy.append(file.name.removesuffix(_USE))
        yield tuple(busy)


def open_runs(client: MlflowClient) -> tuple[str, ...]:
    """Names of retrains that are open in MLflow, on whatever machine; not those whose process here is gone."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return ()
    condition = f"attributes.status = 'RUNNING' and tags.`{KIND}` = 'retrain'"
    runs = client.search_runs([experiment.experiment_id], condition)
    since_ms = (time.time() - _LONGEST_S) * 1000
    alive = (run for run in runs if run.info.start_time > since_ms and not is_abandoned(run))
    return tuple(sorted(str(run.info.run_name) for run in alive))
