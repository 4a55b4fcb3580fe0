"""Putting a training down and taking it up again: the same bytes come out, whenever it was interrupted."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

import torch
from torch import nn

from components.training.checkpoints import Checkpoints, State
from components.training.errors import BadCheckpoint
from components.training.processes import processes_here

# "Try again": neither a failure of the stage (1) nor of its command line (2).
PUT_DOWN = os.EX_TEMPFAIL


class Learner(Protocol):
    """A training whose whole state can be read and set between two steps."""

    def state(self) -> State:
        """Everything that the next steps depend on."""

    def take_up(self, state: State) -> None:
        """Go on from a state that `state` gave."""


class Interrupted(Exception):
    """The machine is to be taken away; raised only where the state is that of a whole number of steps."""


class Unguarded:
    """Watches over nothing: a training that is begun and ended in one piece."""

    def heed(self) -> None:
        """Say whether to stop here: never."""

    def passed(self, done: int) -> None:
        """Note that so many steps are done."""


UNGUARDED = Unguarded()


class Guard(Unguarded):
    """Watches over a training: whether SIGTERM asked it to end soon, and when its state is to be kept."""

    def __init__(self, learner: Learner, checkpoints: Checkpoints, every: int) -> None:
        self._learner, self._checkpoints, self._every = learner, checkpoints, every
        self._given = False

    def passed(self, done: int) -> None:
        """Keep the state after every `every` steps."""
        if done % self._every == 0:
            self._checkpoints.keep(self._learner.state())

    def give(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Note it; a signal handler that leaves the step in hand to be finished."""
        self._given = True

    def heed(self) -> None:
        """Stop here if any process was asked to; every process must ask at the same points.

        Raises:
            Interrupted: the state is to be kept now.
        """
        here = processes_here()
        device = "cuda" if torch.cuda.is_available() and here.count > 1 else "cpu"
        if bool(here.total(torch.tensor(float(self._given), device=device))):
            raise Interrupted


@contextmanager
def resumable(learner: Learner, checkpoints: Checkpoints, every: int) -> Iterator[Guard]:
    """Take a training up where it was put down, and put it down where SIGTERM asks for it (exit code `PUT_DOWN`).

    Args:
        learner: the training, not yet begun.
        checkpoints: where its state is kept.
        every: steps between two checkpoints.

    Yields:
        What the training asks between steps.

    Raises:
        BadCheckpoint: what was kept is of another training.
    """
    guard = Guard(learner, checkpoints, every)
    with _on_sigterm(guard):
        kept = checkpoints.newest()
        if kept is not None:
            try:
                learner.take_up(kept)
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise BadCheckpoint(checkpoints.place, f"{type(error).__name__}: {error}") from error
            if processes_here().is_first:
                print(f"goes on behind step {kept['done']}, from a checkpoint", file=sys.stderr)
        try:
            yield guard
        except Interrupted:
            checkpoints.keep(learner.state())
            raise SystemExit(PUT_DOWN) from None


@contextmanager
def _on_sigterm(guard: Guard) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only there may a handler be set
        yield
        return
    before = signal.signal(signal.SIGTERM, guard.give)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def learned(parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer) -> State:
    """Weights, what the optimiser remembers of them, and the state of torch's own generators."""
    cuda = {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {}
    return {
        "weights": {name: parameter.detach() for name, parameter in parameters.items()},
        "optimiser": optimiser.state_dict(),
        "generators": {"cpu": torch.get_rng_state(), **cuda},
    }


def learn_again(state: State, parameters: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer) -> None:
    """Set what `learned` gave; nothing changes unless every weight has its name and shape and is finite.

    Raises:
        ValueError: a weight is missing, unknown, of another shape or not finite.
        KeyError: a part is missing.
    """
    weights = state["weights"]
    if weights.keys() != parameters.keys():
        raise ValueError(f"weights {sorted(weights.keys() ^ parameters.keys())[:3]} are missing or unknown")
    for name, weight in weights.items():
        if weight.shape != parameters[name].shape or not bool(torch.isfinite(weight).all()):
            raise ValueError(f"weight {name} has another shape or is not finite")
    optimiser.load_state_dict(state["optimiser"])
    with torch.no_grad():
        for name, weight in weights.items():
            parameters[name].copy_(weight)
    if not processes_here().is_first:  # they are the first process's; the others' draws stay their own
        return
    torch.set_rng_state(state["generators"]["cpu"])
    if "cuda" in state["generators"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["generators"]["cuda"])
