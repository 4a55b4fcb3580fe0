"""What was injected: each test says it of itself, and docs/reference/faults.md is held to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Injection:
    """One row of the table.

    Attributes:
        fault: what was done to what.
        times: how often in one run of the slow suite.
        goes_on: how the retrain finishes after it.
        lost: what had to be done again.
    """

    fault: str
    times: int
    goes_on: str
    lost: str


INJECTIONS: dict[str, Injection] = {}


def in_the_table(fault: str, goes_on: str, lost: str, times: int = 1) -> Callable[[Test], Test]:
    """Enter a test in the table, wherever it stands, which by itself does it so often."""

    def enter(test: Test) -> Test:
        INJECTIONS[f"{test.__module__.rpartition('.')[2]}.{test.__name__}"] = Injection(fault, times, goes_on, lost)
        return test

    return enter


def injects(fault: str, goes_on: str, lost: str, times: int = 1) -> Callable[[Test], Test]:
    """Enter a test in the table, and run it as often as it says."""

    def enter(test: Test) -> Test:
        repeated: Test = pytest.mark.parametrize("time", range(times))(test)
        return in_the_table(fault, goes_on, lost, times)(repeated)

    return enter


def table() -> str:
    """The table as Markdown, as it stands in docs/reference/faults.md."""
    head = "| injected | times | how the retrain went on | done again |\n|---|---|---|---|\n"
    rows = sorted(INJECTIONS.values(), key=lambda row: row.fault)
    return head + "".join(f"| {row.fault} | {row.times} | {row.goes_on} | {row.lost} |\n" for row in rows)
