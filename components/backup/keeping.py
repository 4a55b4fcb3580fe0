"""A backup: copies of what cannot be made again, each by its owner's own means, in an order that fits together.

Journals come first and what they speak of after them: a ledger that is older than the registry loses its newest entry,
one that is newer would name a version that nobody has.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import fsspec
from filelock import FileLock

from components.backup.errors import NoPlace, NotOurs
from components.backup.points import (
    ARTIFACTS,
    BUNDLE,
    DATABASE,
    JOURNALS,
    LOCKS,
    OBJECTS,
    POINTS,
    RUNS,
    Point,
    sha256_of,
    write_point,
)
from components.contract.progress import progress
from components.installation.masking import masked
from components.lineage.journal import journal_url
from components.revisions import git
from components.revisions.errors import GitFailed
from components.revisions.home import Home
from components.tracking.store import tracking_uri

_SQLITE: Final = "sqlite:///"
JOURNAL_FOLDERS: Final = ("ledger", "approvals", "withdrawals")
_MD5: Final = "files/md5"
_OBJECT: Final = re.compile(r"[0-9a-f]{32}(\.dir)?")


def back_up(home: Home, folder: Path) -> Point:
    """Fill a backup folder; in one that was filled before, only what is new costs time and space.

    Args:
        home: of the repository.
        folder: for backups of this repository alone; made where it does not exist.

    Raises:
        NotOurs: MLflow's store is no file of this machine.
        NoPlace: the folder lies in the repository, or cannot be written.
    """
    database = _database(home)
    at = datetime.now(UTC)
    place = folder / POINTS / at.strftime("%Y%m%dT%H%M%S.%fZ")
    if folder.resolve().is_relative_to(home.root.resolve()):
        raise NoPlace(str(folder), "it lies in the repository itself")
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise NoPlace(str(folder), error.strerror or type(error).__name__) from error
    files, remote = fsspec.core.url_to_fs(journal_url(home.root))
    home.state.mkdir(parents=True, exist_ok=True)
    with FileLock(home.state / "register.lock"):  # no version is half of before and half of after
        for journal in JOURNAL_FOLDERS:
            _copy_tree(files, f"{remote}/{journal}", place / JOURNALS / journal)
        _copy_database(database, place / DATABASE)
        git.git(home.root, "bundle", "create", "--quiet", str((place / BUNDLE).resolve()), "--all", "HEAD")
        for lock in sorted(home.locks.glob("*.lock")):
            (place / LOCKS).mkdir(exist_ok=True)
            shutil.copyfile(lock, place / LOCKS / lock.name)
    artifacts = _copy_artifacts(database.parent / ARTIFACTS, folder / ARTIFACTS)
    _copy_tree(files, f"{remote}/runs", folder / RUNS)
    objects = _copy_tree(files, f"{remote}/{_MD5}", folder / OBJECTS)
    point = Point(
        at=at.isoformat(timespec="seconds"),
        head=_head(home.root),
        origin=git.origin(home.root),
        files={path.relative_to(place).as_posix(): sha256_of(path) for path in sorted(_files(place))},
        objects=tuple(sorted(filter(_OBJECT.fullmatch, (path.replace("/", "") for path in objects)))),
        artifacts=artifacts,
    )
    write_point(place, point)
    return point


def _database(home: Home) -> Path:
    uri = tracking_uri(home.root)
    if not uri.startswith(_SQLITE):
        raise NotOurs("MLflow's store", masked(uri))
    return Path(uri.removeprefix(_SQLITE))


def _copy_database(database: Path, target: Path) -> None:
    """By SQLite's online backup: whole, whoever writes meanwhile."""
    with (
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _copy_tree(files: Any, source: str, target: Path) -> list[str]:
    """Copy what the target has not yet; what is there never changes its bytes. The answer: all paths of the source."""
    files.invalidate_cache(source)
    found = files.find(source) if files.exists(source) else []
    names = sorted(str(path)[len(source) :].lstrip("/") for path in found)
    names = [name for name in names if not name.rsplit("/", 1)[-1].startswith(".")]  # of a writer that was killed
    for name in progress(names, f"copy {target.name}", len(names)):
        copy = target / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f".{copy.name}.partial")
            files.get_file(f"{source}/{name}", str(partial))
            partial.replace(copy)
    return names


def _copy_artifacts(source: Path, target: Path) -> dict[str, int]:
    """Copy files that are new or of another size or time; the answer: all sizes [bytes], by path."""
    sizes = {}
    paths = sorted(_files(source))
    for path in progress(paths, "copy artifacts", len(paths)):
        copy, about = target / path.relative_to(source), path.stat()
        sizes[path.relative_to(source).as_posix()] = about.st_size
        if copy.exists() and (copy.stat().st_size, copy.stat().st_mtime_ns) == (about.st_size, about.st_mtime_ns):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f".{copy.name}.partial")
        shutil.copy2(path, partial)
        partial.replace(copy)
    return sizes


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _head(root: Path) -> str:
    try:
        return git.git(root, "symbolic-ref", "--quiet", "HEAD").decode().strip()
    except GitFailed:  # no branch is checked out
        return git.resolve(root, "HEAD")
