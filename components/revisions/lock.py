"""dvc.lock as a result that the flow owns: cut down before a stage runs, merged and kept after it."""

import hashlib
import json
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from components.revisions.errors import TornLock
from components.revisions.home import Home

LOCK_FILE = "dvc.lock"
Entries = dict[str, Any]


def read_lock(path: Path) -> Entries:
    """Entries of a lock by stage name; none when the file does not exist."""
    from dvc.utils.serialize import load_yaml

    if not path.exists():
        return {}
    return dict((load_yaml(str(path)) or {}).get("stages") or {})


def write_lock(path: Path, entries: Mapping[str, Any]) -> None:
    """Write a lock so that a kill leaves either the old file or the new one."""
    # DVC's own writer: it quotes what YAML 1.2 would take for a number, a digest such as 12345e67 among them.
    from dvc.utils.serialize import dump_yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".lock-") as folder:
        partial = Path(folder) / LOCK_FILE
        dump_yaml(str(partial), {"schema": "2.0", "stages": {name: entries[name] for name in sorted(entries)}})
        partial.replace(path)


def kept_lock(home: Home, profile: str) -> Path:
    """Where the newest lock of a profile is kept."""
    return home.locks / f"{profile}.lock"


def keep(home: Home, profile: str, entries: Mapping[str, Any]) -> None:
    """Make these entries the newest lock of a profile; entries of other stages stay as they were."""
    path = kept_lock(home, profile)
    write_lock(path, {**read_lock(path), **entries})


def only(entries: Mapping[str, Any], stages: Collection[str]) -> Entries:
    """The entries of some stages: what is not up to date must not be in the lock that `dvc repro -s --pull` sees."""
    return {name: entry for name, entry in entries.items() if name in stages}


def check_joined(entries: Mapping[str, Any]) -> None:
    """Make sure that every stage read exactly what the stages above it wrote.

    Raises:
        TornLock: naming a dep whose digest differs from that of the output.
    """
    written = {out["path"]: out.get("md5") for entry in entries.values() for out in entry.get("outs", ())}
    for name, entry in entries.items():
        for dep in entry.get("deps", ()):
            if dep["path"] in written and dep.get("md5") != written[dep["path"]]:
                raise TornLock(name, dep["path"])


def lock_digest(entries: Mapping[str, Any]) -> str:
    """SHA-256 over the entries, whatever their order in the file."""
    return hashlib.sha256(json.dumps(entries, sort_keys=True, default=str).encode()).hexdigest()
