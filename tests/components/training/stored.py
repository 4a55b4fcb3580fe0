"""DVC repositories without git, and folders as they keep them."""

import hashlib
import json
from pathlib import Path

from dvc.repo import Repo


def init(root: Path) -> None:
    """A DVC repository with the remote `remote` beside its files."""
    root.mkdir(parents=True, exist_ok=True)
    Repo.init(str(root), no_scm=True).close()
    config = "[core]\n    no_scm = true\n    remote = store\n['remote \"store\"']\n    url = ../remote\n"
    (root / ".dvc/config").write_text(config)


def keep(store: Path, content: bytes, suffix: str = "") -> str:
    """Put an object into a store (`.../files/md5`) and answer its md5."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = store / md5[:2] / f"{md5[2:]}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5 + suffix


def keep_folder(store: Path, folder: Path) -> str:
    """Put a folder of plain files into a store and answer its md5, which ends in `.dir`."""
    rows = [{"md5": keep(store, path.read_bytes()), "relpath": path.name} for path in sorted(folder.iterdir())]
    return keep(store, json.dumps(rows).encode(), ".dir")
