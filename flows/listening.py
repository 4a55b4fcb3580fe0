"""Whoever watches a flow: the command line shows it, a worker prints it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from components.revisions.turns import Holder


class Listener(Protocol):
    """Told what a flow does, as it does it."""

    def begin(self, step: str) -> None:
        """A step or a stage starts."""

    def line(self, text: str) -> None:
        """The newest line that its process said."""

    def end(self, step: str, outcome: str, seconds: float) -> None:
        """It is done: `ran`, `restored`, `unchanged`, `failed` or a word of its own."""


class LineListener:
    """Prints one line on stderr for each thing it is told: for workers and logs."""

    def begin(self, step: str) -> None:
        """Print the step's name."""
        print(f"{step} ...", file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        """Print the line, moved to the right."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def end(self, step: str, outcome: str, seconds: float) -> None:
        """Print how it went."""
        print(f"{step}: {outcome} ({seconds:.1f} s)", file=sys.stderr, flush=True)


# A callback is no parameter of a flow: Prefect stores parameters as JSON.
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listener() -> Listener:
    """Who watches the flow that runs in this context."""
    return _LISTENER.get() or LineListener()


@contextmanager
def watched_by(watcher: Listener) -> Iterator[None]:
    """Tell `watcher` what flows do inside the block."""
    token = _LISTENER.set(watcher)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def say_who_is_waited_for(profile: str, work: str, holder: Holder | None) -> str:
    """Tell whoever watches that a retrain waits its turn, and answer the sentence.

    Args:
        profile: what both want.
        work: of the retrain that waits.
        holder: of the profile; None where it does not say who it is.
    """
    whom = "another process" if holder is None or not holder.work else f"the retrain of commit {holder.work[:12]}"
    same = "; the same commit: its answer will be this one's" if holder and holder.work == work != "" else ""
    said = f"profile {profile}: waiting for {whom}{same}"
    listener().begin(said)
    return said
