"""Progress of long work: a bar in a terminal, a line every few seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 4.0


def progress(items: Iterable[Item], label: str, total: int, note: Callable[[], str] = lambda: "") -> Iterator[Item]:
    """Yield `items`, showing on stderr how many of `total` are done and what `note()` says.

    A stage that a flow started writes to a pipe: each line there reads `label 120/250 note`; the flow shows the newest.
    """
    if sys.stderr.isatty():
        yield from track(items, description=label, total=total, console=Console(stderr=True))
        return
    shown = 0.0
    for done, item in enumerate(items):
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            print(f"{label} {done}/{total} {note()}".rstrip(), file=sys.stderr, flush=True)
        yield item
    print(f"{label} {total}/{total} {note()}".rstrip(), file=sys.stderr, flush=True)
