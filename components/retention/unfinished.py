"""What work under way leaves beside the DVC remote: leases of stages, checkpoints of trainings."""

import os
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import fsspec

from components.lineage.journal import journal_url
from components.retention.files import items_below, remove_files
from components.retention.garbage import Garbage, sorted_out
from components.revisions.home import Home

LEASES, CHECKPOINTS = "leases", "checkpoints"
_VARIABLE: Final = "FUSAR_CHECKPOINTS"  # components.training reads it too
_DAY_S: Final = 86400.0  # a lease is renewed every minute while it is held


def unfinished_garbage(home: Home, cutoff: float) -> Iterator[Garbage]:
    """Leases that nobody has renewed, and checkpoints of trainings that nobody has gone on with, since then.

    Args:
        home: of the repository.
        cutoff: what was written since then stays; a lease stays a day at least [s since 1970].
    """
    remote = journal_url(home.root).rstrip("/")
    unrenewed = min(cutoff, time.time() - _DAY_S)
    yield _older(LEASES, f"{remote}/leases", unrenewed)
    local = str(home.state / "checkpoints")
    for url in sorted({local, f"{remote}/checkpoints", os.environ.get(_VARIABLE) or local}):
        yield _older(CHECKPOINTS, url, cutoff)


def _older(kind: str, url: str, cutoff: float) -> Garbage:
    files, root = fsspec.core.url_to_fs(url)
    items = items_below(files, root)
    return sorted_out(kind, url, items, lambda item: item.written < cutoff, partial(remove_files, files))
