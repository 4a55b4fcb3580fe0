"""git and the state of the repository."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from components.installation.finding import Finding, Installation, error, ok, some, warning
from components.revisions.errors import GitFailed
from components.revisions.git import dirty_files, git

OLDEST = (2, 36)  # `git worktree list -z`
STALE_SECONDS = 600


def look(installation: Installation) -> Iterator[Finding]:
    """Version of git, whether it reads this repository, who commits, and what is left over of a killed git."""
    yield _version(git(Path("/"), "--version").decode())
    root = installation.root
    try:
        head = git(root, "rev-parse", "--short=12", "HEAD").decode().strip()
        dirty = [path for path in dirty_files(root) if path != "dvc.lock"]
    except GitFailed as failure:
        yield error(f"{root}: git says: {failure.answer}", _remedy(failure.answer))
        return
    note = f"; not committed, so in no retrain: {some(dirty, 4)}" if dirty else ""
    yield ok(f"at {head}{note}")
    yield from _identity(root)
    yield from _left_over(root)
    yield from _ignored_lock(root)


def _version(text: str) -> Finding:
    found = re.search(r"(\d+)\.(\d+)[.\d]*", text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        return error(f"{text.strip()}, needed 2.36 or newer", "Install a newer git.")
    return ok(f"git {found[0]}")


def _remedy(answer: str) -> str:
    if "dubious ownership" in answer:
        return (
            "The folder belongs to another user: `git config --global --add safe.directory <folder>` if you trust it."
        )
    if "not a git repository" in answer:
        return "Run fusar inside a clone of the repository; an unpacked archive has no history to retrain."
    return "`git fsck` says more; a fresh clone beside this one brings back what is committed."


def _identity(root: Path) -> Iterator[Finding]:
    missing = []
    for key in ("user.name", "user.email"):
        try:
            git(root, "config", "--get", key)
        except GitFailed:
            missing.append(key)
    if missing:
        remedy = "; ".join(f"`git config {key} ...`" for key in missing)
        yield warning(f"{' and '.join(missing)}: not set, so your own data and code cannot be committed", remedy)


def _left_over(root: Path) -> Iterator[Finding]:
    folder = Path(git(root, "rev-parse", "--absolute-git-dir").decode().strip())
    lock = folder / "index.lock"
    if lock.exists() and time.time() - lock.stat().st_mtime > STALE_SECONDS:
        remedy = f"If no git runs any more: `rm {lock}`."
        yield warning(f"{lock}: older than {STALE_SECONDS // 60} min, every commit fails while it is there", remedy)


def _ignored_lock(root: Path) -> Iterator[Finding]:
    """DVC refuses every command where git ignores dvc.lock."""
    try:
        answer = git(root, "check-ignore", "--verbose", "--no-index", "--", "dvc.lock").decode().split("\t")[0]
    except GitFailed:
        return
    yield error(f"dvc.lock: git ignores it ({answer}), so DVC refuses every command", "Remove that line.")
