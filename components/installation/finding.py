"""What an examination says: one sentence of how things are, one of what to do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How much a finding matters: an error stops work, a warning will bite later, info is only good to know."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Installation:
    """What is examined.

    Attributes:
        root: root of the main working tree, absolute.
        environment: variables of the process.
        prefix: folder of the Python environment.
    """

    root: Path
    environment: Mapping[str, str]
    prefix: Path

    @property
    def state(self) -> Path:
        """Folder of the clone's own state; components.revisions.home names what lies in it."""
        return self.root / ".fusar"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        severity: how much it matters.
        message: how it is, with the values that were found.
        remedy: what to do, with the command where there is one; empty when nothing needs to be done.
        is_mendable: whether `fusar doctor --mend` does it.
    """

    severity: Severity
    message: str
    remedy: str = ""
    is_mendable: bool = False


@dataclass(frozen=True)
class Check:
    """A named look at one part of the installation.

    Attributes:
        name: what the table calls it.
        look: gives the findings; none at all when there is nothing to say.
    """

    name: str
    look: Callable[[Installation], Iterable[Finding]]


@dataclass(frozen=True)
class Examined:
    """A finding and the check that made it."""

    check: str
    finding: Finding


def ok(message: str) -> Finding:
    """It is as it should be."""
    return Finding(Severity.OK, message)


def info(message: str, remedy: str = "") -> Finding:
    """Good to know."""
    return Finding(Severity.INFO, message, remedy)


def warning(message: str, remedy: str, *, is_mendable: bool = False) -> Finding:
    """It will bite later."""
    return Finding(Severity.WARNING, message, remedy, is_mendable)


def error(message: str, remedy: str, *, is_mendable: bool = False) -> Finding:
    """It stops work."""
    return Finding(Severity.ERROR, message, remedy, is_mendable)


def some(names: Iterable[str], shown: int = 8) -> str:
    """The first names of a list and the count of the others."""
    listed = list(names)
    more = len(listed) - shown
    return ", ".join(listed[:shown]) + (f" and {more} more" if more > 0 else "")
