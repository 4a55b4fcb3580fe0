"""DVC's settings, cache and remote."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.installation.finding import Finding, Installation, error, info, ok, warning
from components.installation.masking import masked

REMEDY_CONFIG = "`git diff -- .dvc/config` and .dvc/config.local show what was changed."


def look(installation: Installation) -> Iterator[Finding]:
    """Whether the settings can be read, and cache and remote written."""
    from dvc.config import Config, ConfigError

    folder = installation.root / ".dvc"
    if not folder.is_dir():
        yield error(f"{folder}: missing", "`git checkout -- .dvc`")
        return
    try:
        config = Config(str(folder))
    except ConfigError as failure:
        yield error(f"{folder}/config: DVC refuses it: {failure}", REMEDY_CONFIG)
        return
    yield from _remote(config)
    cache = Path(config.get("cache", {}).get("dir") or folder / "cache")
    yield from _cache(installation, cache)


def _remote(config: Any) -> Iterator[Finding]:
    name = config.get("core", {}).get("remote", "")
    url = str(config.get("remote", {}).get(name, {}).get("url", ""))
    if not url:
        remedy = "`git checkout -- .dvc/config`, or `dvc remote add --default NAME URL`."
        yield error(f"remote {name!r}: has no address, results would be kept nowhere", remedy)
    elif "://" in url and not url.startswith("file://"):
        yield info(
            f"remote {name}: {masked(url)}, not asked (the doctor uses no network)", f"`dvc status -c -r {name}`"
        )
    else:
        yield from _writable(f"remote {name}", Path(url.removeprefix("file://")))


def _cache(installation: Installation, cache: Path) -> Iterator[Finding]:
    yield from _writable("cache", cache)
    there, state = _nearest(cache), _nearest(installation.state)
    if there.stat().st_dev == state.stat().st_dev:
        return
    yield info(
        f"cache {cache} is on another disk than the checkouts, which hold symbolic links to it",
        "After moving the cache, remove the checkouts: `rm -rf .fusar/worktrees && git worktree prune`.",
    )


def _writable(what: str, folder: Path) -> Iterator[Finding]:
    """A file is really written: permission bits say nothing of a full or read-only disk."""
    nearest = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as failure:
        remedy = f"Make it yours and writable: `ls -ld {nearest}`; or name another folder in .dvc/config.local."
        yield error(f"{what} {folder}: cannot be written ({os.strerror(failure.errno or 0)})", remedy)
        return
    if folder.exists():
        yield ok(f"{what}: {folder}")
    elif nearest in folder.parents[:2]:  # .fusar/remote of a fresh clone lacks two levels
        yield ok(f"{what}: {folder}, made at first use")
    else:
        yield warning(f"{what} {folder}: its place is gone", "Mount or restore it, or correct .dvc/config.local.")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
