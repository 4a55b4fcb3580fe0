"""The clock: whole processes, contestants in turn, medians. What is not measured well is not measured at all.

pyperf and hyperfine finish one command before they start the next: on a machine whose load drifts, the order would
decide. Here each round runs every contestant once, so that all of them meet the same load.
"""

import os
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.orchestration.errors import ContestantFailed
from benchmarks.timing import timed


@dataclass(frozen=True)
class Contestant:
    """A command whose time is of interest.

    Attributes:
        name: what the table calls it.
        command: program and arguments.
        folder: its working directory.
        says: words that its output must hold, proof that it did what is measured; empty where the exit code suffices.
        environment: variables beside those of this process.
        call: pattern whose first group is the time of the call itself [s], where the command prints it.
    """

    name: str
    command: Sequence[str]
    folder: Path
    says: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    call: str = ""


@dataclass(frozen=True)
class Sample:
    """One run of one contestant.

    Attributes:
        wall_s: from the start of the process to its end [s].
        cpu_s: processor time of the process and all of its children that it waited for [s].
        call_s: what the contestant itself measured around the call [s]; NaN where it measures nothing.
    """

    wall_s: float
    cpu_s: float
    call_s: float = float("nan")


@dataclass(frozen=True)
class Summary:
    """All runs of one contestant.

    Attributes:
        samples: in the order of the rounds.
    """

    samples: tuple[Sample, ...]

    @property
    def wall_s(self) -> float:
        """Median wall clock [s]."""
        return statistics.median(sample.wall_s for sample in self.samples)

    @property
    def spread_s(self) -> tuple[float, float]:
        """Shortest and longest wall clock [s]."""
        walls = [sample.wall_s for sample in self.samples]
        return min(walls), max(walls)

    @property
    def cpu_s(self) -> float:
        """Median processor time [s]."""
        return statistics.median(sample.cpu_s for sample in self.samples)

    @property
    def call_s(self) -> float:
        """Median time of the call itself [s]; NaN where none is measured."""
        return statistics.median(sample.call_s for sample in self.samples)


def measure(
    contestants: Sequence[Contestant],
    repeats: int,
    warmups: int = 1,
    after_round: Callable[[int], None] = lambda number: None,
) -> dict[str, Summary]:
    """Medians by contestant, from rounds in which each contestant runs once.

    Args:
        contestants: in the order of a round.
        repeats: rounds that count, at least 1.
        warmups: rounds before them that do not: caches fill, byte code is written.
        after_round: told the number of each finished round, warm-ups first, from 0.

    Raises:
        ContestantFailed: one did not do what is measured; nothing is answered then.
    """
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(warmups + repeats):
        for contestant in contestants:
            sample = run_once(contestant)
            if number >= warmups:
                samples[contestant.name].append(sample)
        after_round(number)
    return {name: Summary(tuple(of_one)) for name, of_one in samples.items()}


def run_once(contestant: Contestant) -> Sample:
    """One run on the clock.

    Raises:
        ContestantFailed: it ended with an error, or its output lacks the words that prove its work.
    """
    environment = {**os.environ, **contestant.environment}
    spent, said = timed(contestant.command, contestant.folder, environment, contestant.name)
    if contestant.says not in said:
        raise ContestantFailed(contestant.name, f"it did not say {contestant.says!r}", said)
    return Sample(spent.wall_s, spent.cpu_s, _call_seconds(contestant, said))


def _call_seconds(contestant: Contestant, said: str) -> float:
    if not contestant.call:
        return float("nan")
    found = re.search(contestant.call, said)
    if found is None:
        raise ContestantFailed(contestant.name, f"it did not print {contestant.call!r}", said)
    return float(found[1])
