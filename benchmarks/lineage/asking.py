"""The questions of lineage, asked many times of an index."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.lineage.generated import md5, name
from benchmarks.lineage.indexed import MODEL
from components.lineage.index.questions import Questions

LIMITS_MS = {"impact": 10.0, "page": 100.0, "difference": 300.0}


@dataclass(frozen=True)
class Timing:
    """One question, asked many times of different scenes or versions.

    Attributes:
        question: in words.
        samples_ms: of each asking, in order.
        limit: what the median may not exceed [ms].
    """

    question: str
    samples_ms: tuple[float, ...]
    limit: float

    @property
    def median(self) -> float:
        """Median [ms]."""
        return statistics.median(self.samples_ms)


def ask(questions: Questions, scenes: int, count: int, askings: int, seed: int = 1) -> list[Timing]:
    """Ask an index of `count` versions of `scenes` scenes the questions that have limits."""
    drawn = random.Random(seed)
    numbers = [drawn.randrange(scenes) for _ in range(askings)]
    pairs = [(str(drawn.randint(1, count)), str(drawn.randint(1, count))) for _ in range(askings)]

    def timing(question: str, kind: str, asked: Callable[[int], Any]) -> Timing:
        asked(0)
        return Timing(question, tuple(milliseconds(partial(asked, place)) for place in range(askings)), LIMITS_MS[kind])

    return [
        timing("impact of a scene by id", "impact", lambda place: questions.versions_of_scene(name(numbers[place]))),
        timing("impact of a scene by md5", "impact", lambda place: questions.versions_of_scene(md5(numbers[place], 1))),
        timing("first 100 scenes of a version", "page", lambda place: questions.scenes_of(MODEL, pairs[place][0])),
        timing(
            "100 scenes from the middle",
            "page",
            lambda place: questions.scenes_of(MODEL, pairs[place][0], after=name(numbers[place])),
        ),
        timing("difference of two versions", "difference", lambda place: questions.difference(MODEL, *pairs[place])),
        timing("difference of first and last", "difference", lambda _: questions.difference(MODEL, "1", str(count))),
    ]


def milliseconds(call: Callable[[], Any]) -> float:
    """Wall clock of one call [ms]."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3
