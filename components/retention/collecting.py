"""Garbage collection: what no version, lock, open retrain, branch or checkout needs is found, and removed when asked.

While a retrain is open, objects and remembered runs stay, whatever their age: it may restore any of them, and what it
makes anew may have the bytes of an old one. What a retrain can make again without noticing goes at any time.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock
from mlflow import MlflowClient

from components.retention.committed import file_md5s, ref_md5s
from components.retention.data_commits import DATA, data_garbage
from components.retention.errors import NotAnAge
from components.retention.garbage import Garbage
from components.retention.leftovers import checkout_garbage, checkouts, memo_garbage, shown_garbage
from components.retention.needs import OBJECTS, RUNS, garbage_of, inventory, needed
from components.retention.open_retrains import held_profiles, open_runs
from components.retention.places import places_of
from components.retention.registered import version_md5s
from components.retention.unfinished import CHECKPOINTS, LEASES, unfinished_garbage
from components.revisions import git
from components.revisions.home import Home

DEFAULT_DAYS: Final = 14.0  # as git keeps what nothing refers to
_DAY_S, _MOST_DAYS = 86400.0, 36500.0
_REGISTER_LOCK: Final = "register.lock"
_WAIT: Final = frozenset({DATA, OBJECTS, RUNS, LEASES, CHECKPOINTS})  # for open retrains
_BATCH: Final = 1000  # items; between two batches it is asked whether a retrain has begun elsewhere


@dataclass(frozen=True)
class Collection:
    """What a garbage collection came to.

    Attributes:
        garbage: what may go, by kind and place; removed where that was asked for.
        waiting: retrains that are open: because of them DVC's cache and remotes stay as they are.
        reasons: how many versions, refs, locks and checkouts were asked what they need.
    """

    garbage: tuple[Garbage, ...]
    waiting: tuple[str, ...]
    reasons: int

    def goes(self, garbage: Garbage) -> bool:
        """Whether nothing kept this garbage from being removed."""
        return not (self.waiting and garbage.kind in _WAIT)


def collect(home: Home, client: MlflowClient, days: float, *, is_dry: bool) -> Collection:
    """Find what is not needed any more, and remove it unless it is a dry run.

    Args:
        home: of the repository.
        client: of the registry.
        days: what was written in so many last days stays, whoever needs it.
        is_dry: nothing is removed.

    Raises:
        NotAnAge: no number of days.
        CannotTell: what a version, a lock or a branch needs cannot be read; nothing is removed then.
    """
    if not 0 <= days <= _MOST_DAYS:
        raise NotAnAge(days)
    cutoff = time.time() - days * _DAY_S
    with ExitStack() as stack:
        if not is_dry:
            home.state.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(home.state / _REGISTER_LOCK))
        with held_profiles(home) as busy:
            if not is_dry:  # a dry run keeps nobody from retraining
                return _collect(home, client, cutoff, busy, is_dry=False)
        return _collect(home, client, cutoff, busy, is_dry=True)


def _collect(home: Home, client: MlflowClient, cutoff: float, busy: tuple[str, ...], *, is_dry: bool) -> Collection:
    waiting = _waiting(client, busy)
    old = checkouts(home, busy, cutoff)
    inventories = tuple(inventory(place) for place in places_of(home.root))
    using = dict(version_md5s(client)) | dict(file_md5s(home, _trees(home, old)))
    refs = dict(ref_md5s(home))
    data = data_garbage(home, refs, frozenset[str]().union(*using.values()), cutoff)
    going = {item.path for item in data.items}
    roots = using | {name: md5s for name, md5s in refs.items() if name not in going}
    stay = needed(inventories, frozenset[str]().union(*roots.values()), cutoff)
    # The refs first: a kill then leaves objects that nobody names, and no ref whose objects are gone.
    garbage = [data, *(found for each in inventories for found in garbage_of(each, stay, cutoff))]
    garbage += unfinished_garbage(home, cutoff)
    garbage += [*memo_garbage(home, stay, cutoff), checkout_garbage(home, old), *shown_garbage(home, busy, cutoff)]
    if not is_dry:
        for each in garbage:
            if each.kind not in _WAIT:
                each.remove([item.path for item in each.items])
            else:
                waiting = waiting or _remove_objects(client, each)
    return Collection(tuple(each for each in garbage if each.items or each.kept), waiting, len(roots))


def _remove_objects(client: MlflowClient, garbage: Garbage) -> tuple[str, ...]:
    """Remove objects or remembered runs until a retrain begins elsewhere; answer the retrains that did."""
    paths = [item.path for item in garbage.items]
    for first in range(0, len(paths), _BATCH):
        if began := open_runs(client):
            return began
        garbage.remove(paths[first : first + _BATCH])
    return ()


def _waiting(client: MlflowClient, busy: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(f"on {name}" for name in busy), *open_runs(client))))


def _trees(home: Home, going: Sequence[Path]) -> Iterator[Path]:
    """The main working tree and every checkout that stays, wherever it lies."""
    for line in git.git(home.root, "worktree", "list", "--porcelain", "-z").split(b"\0"):
        folder = Path(os.fsdecode(line.removeprefix(b"worktree ")))
        if line.startswith(b"worktree ") and folder.is_dir() and folder not in going:
            yield folder
