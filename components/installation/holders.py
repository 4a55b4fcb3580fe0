"""Locks: who holds them, and which were left by processes that are gone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.installation.finding import Finding, Installation, info, ok, warning
from components.installation.processes import is_running, lock_owner

DVC_LOCKS = ".dvc/tmp/rwlock"


def look(installation: Installation) -> Iterator[Finding]:
    """Who works on which profile; entries of dead processes in DVC's own lock files."""
    found = [*_held(installation), *_left_in_dvc(installation)]
    yield from found or [ok("nothing is locked")]


def _held(installation: Installation) -> Iterator[Finding]:
    """The system lets go of these locks when their owner ends, unless a child of it inherited the open file."""
    files = [*installation.state.glob("locks/*.busy"), *installation.state.glob("*.lock")]
    for file in sorted([*files, *installation.root.glob("mlruns/*.lock")]):
        owner = lock_owner(file)
        if owner is None:
            continue
        what = f"profile {file.stem}" if file.suffix == ".busy" else file.name
        if is_running(owner):
            yield info(f"{what}: process {owner} works on it", "Wait until that has ended.")
        else:
            yield warning(f"{what}: process {owner} is gone, a child of it still holds the lock", f"`fuser -k {file}`")


def _left_in_dvc(installation: Installation) -> Iterator[Finding]:
    for file in _dvc_locks(installation):
        dead = [pid for pid in owners_of(file) if not is_running(pid)]
        if dead:
            numbers = ", ".join(str(pid) for pid in sorted(set(dead)))
            yield warning(
                f"{file}: held for processes that are gone ({numbers}); DVC may wait for them",
                f"`rm {file}`, or `fusar doctor --mend`.",
                is_mendable=True,
            )


def owners_of(file: Path) -> list[int]:
    """Numbers of the processes in a lock file of DVC: {path: {"write": owner, "read": [owners]}}."""
    try:
        entries: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    owners = [
        owner
        for entry in entries.values()
        for held in entry.values()
        for owner in (held if isinstance(held, list) else [held])
    ]
    return [int(owner["pid"]) for owner in owners if owner]


def abandoned_dvc_locks(installation: Installation) -> list[Path]:
    """DVC's lock files in which nobody who is named runs any more."""
    named = {file: owners_of(file) for file in _dvc_locks(installation)}
    return [file for file, owners in named.items() if owners and not any(is_running(pid) for pid in owners)]


def _dvc_locks(installation: Installation) -> list[Path]:
    """DVC's lock files of the repository and of every checkout."""
    state = installation.state
    folders = (installation.root, state / "demo", *sorted((state / "worktrees").glob("*")))
    return [folder / DVC_LOCKS for folder in folders]
