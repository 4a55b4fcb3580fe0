"""What a verification can find: each problem with its kind, its file and a sentence."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["missing", "changed", "purged", "unlisted", "unreadable", "lock", "record", "commit"]


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it was.

    Attributes:
        kind: missing, changed, purged (removed on purpose), unlisted (nobody put it there), unreadable, lock (edited),
            record (edited) or commit (git lost or moved it).
        path: of the file, in the repository or among the version's artifacts.
        sentence: what is wrong and what to do.
    """

    kind: Kind
    path: str
    sentence: str


@dataclass(frozen=True)
class Verification:
    """What was found of one version.

    Attributes:
        version: MODEL/VERSION.
        problems: sorted by path; empty when every byte is there and unchanged.
        files: how many were read.
        bytes: how many were read.
        notes: what could not be checked, in words.
    """

    version: str
    problems: tuple[Problem, ...]
    files: int
    bytes: int
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing or changed."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """As JSON types."""
        return {**asdict(self), "is_whole": self.is_whole}
