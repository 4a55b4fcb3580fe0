"""A restore: a repository of its own made of a backup, every object hashed again on its way."""

import shutil
from pathlib import Path
from typing import Final

from dvc.config import Config

from components.backup.errors import NoBackup, NotEmpty
from components.backup.points import (
    ARTIFACTS,
    BUNDLE,
    DATABASE,
    JOURNALS,
    LOCKS,
    OBJECTS,
    RUNS,
    Point,
    newest_point,
)
from components.contract.progress import progress
from components.installation.artifact_locations import rewrite
from components.lineage.contents import content_md5
from components.revisions import git
from components.revisions.home import Home

_BRANCH: Final = "refs/heads/"
_MD5: Final = "files/md5"
_REMOTE: Final = "restored"


def restore(folder: Path, into: Path) -> Point:
    """Make a repository with all that the newest point of a backup holds; a restore that was cut short leaves a part.

    Args:
        folder: that `back_up` has filled.
        into: does not exist, or is empty; the repository's root afterwards.

    Raises:
        NotEmpty: something is there already.
        NoBackup: the backup is not whole.
    """
    folder, into = folder.resolve(), into.resolve()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise NotEmpty(str(into))
    place, point = newest_point(folder)
    _check_artifacts(folder / ARTIFACTS, point)
    _clone(place / BUNDLE, point, into)
    home = Home(into)
    _restore_remote(folder, place, point, home)
    if (place / LOCKS).is_dir():
        shutil.copytree(place / LOCKS, home.locks)
    _restore_store(folder, place, point, into / "mlruns")
    return point


def _clone(bundle: Path, point: Point, into: Path) -> None:
    """All refs, those that hold the commits of versions among them, and the working tree."""
    into.mkdir(parents=True, exist_ok=True)
    git.git(into, "init", "--quiet")
    git.git(into, "fetch", "--quiet", "--update-head-ok", "--end-of-options", str(bundle), "+refs/*:refs/*")
    if point.head.startswith(_BRANCH):
        git.git(into, "symbolic-ref", "HEAD", point.head)
        git.git(into, "reset", "--quiet", "--hard")
    else:
        git.git(into, "checkout", "--quiet", "--detach", "--end-of-options", git.resolve(into, point.head))
    if point.origin:
        git.git(into, "config", "--", "remote.origin.url", point.origin)
        git.git(into, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")


def _restore_remote(folder: Path, place: Path, point: Point, home: Home) -> None:
    for md5 in progress(point.objects, "restore objects", len(point.objects)):
        source = folder / OBJECTS / md5[:2] / md5[2:]
        target = home.remote / _MD5 / md5[:2] / md5[2:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if not source.is_file() or content_md5(source) != md5.removesuffix(".dir"):
            raise NoBackup(str(source), "is not the object of its name")
        shutil.copyfile(source, target)
    for kind, where in ((folder / RUNS, home.remote / "runs"), (place / JOURNALS, home.remote)):
        if kind.is_dir():
            shutil.copytree(kind, where, dirs_exist_ok=True)
    # The address in the commit may be that of the lost one.
    with Config(str(home.root / ".dvc"), validate=False).edit("local", validate=False) as local:
        local["core"] = {"remote": _REMOTE}
        local["remote"] = {_REMOTE: {"url": str(home.remote)}}


def _check_artifacts(artifacts: Path, point: Point) -> None:
    for path, size in point.artifacts.items():
        file = artifacts / path
        if not file.is_file() or file.stat().st_size != size:
            raise NoBackup(str(file), "is not the artifact that was backed up")


def _restore_store(folder: Path, place: Path, point: Point, store: Path) -> None:
    for path in progress(point.artifacts, "restore artifacts", len(point.artifacts)):
        target = store / ARTIFACTS / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / ARTIFACTS / path, target)
    store.mkdir(exist_ok=True)
    shutil.copyfile(place / DATABASE, store / DATABASE)
    done = rewrite(store / DATABASE)  # its addresses are absolute
    if done is not None:
        done[1].unlink()
