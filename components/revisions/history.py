"""What lies between two commits: the commits on the way and the files that differ."""

import os
from dataclasses import dataclass
from pathlib import Path

from components.revisions.git import git


@dataclass(frozen=True)
class Commit:
    """A commit: its full id and the first line of its message."""

    id: str
    subject: str


@dataclass(frozen=True)
class ChangedFile:
    """A file that differs: A added, M modified, D deleted, T changed in kind; and its path."""

    status: str
    path: str


def commits_between(folder: Path, first: str, second: str) -> tuple[Commit, ...]:
    """Commits that `second` has and `first` has not, the newest first.

    Raises:
        GitFailed: the repository lacks one of the two.
    """
    listing = git(
        folder, "log", "-z", "--no-decorate", "--format=%H %s", "--end-of-options", f"{first}..{second}", "--"
    )
    lines = listing.decode(errors="replace").split("\0")
    return tuple(Commit(*line.split(" ", 1)) for line in lines if " " in line)


def files_between(folder: Path, first: str, second: str) -> tuple[ChangedFile, ...]:
    """Files whose content differs between two commits, sorted by path; a renamed one is a deleted and an added one.

    Raises:
        GitFailed: the repository lacks one of the two.
    """
    names = ("diff", "--name-status", "-z", "--no-renames", "--no-ext-diff", "--end-of-options", first, second, "--")
    fields = git(folder, *names).split(b"\0")
    pairs = zip(fields[0::2], fields[1::2], strict=False)
    found = [ChangedFile(status.decode(), os.fsdecode(path)) for status, path in pairs]
    return tuple(sorted(found, key=lambda file: file.path))
