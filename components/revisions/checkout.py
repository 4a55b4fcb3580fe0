"""A commit in a checkout of its own, with one profile as its parameters."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from components.revisions import git
from components.revisions.admission import refuse_links
from components.revisions.errors import CheckoutChanged, GitFailed, UnknownProfile
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE

PARAMS_FILE = "params.yaml"
PROFILES_FOLDER = "profiles"
PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CHECKOUTS_KEPT = 3
LINKS = "reflink,hardlink,symlink"


@dataclass(frozen=True)
class Checkout:
    """A git worktree at one commit.

    Attributes:
        folder: root of the worktree, absolute.
        commit: full id of the commit.
        profile: name of the parameter set that stands in its params.yaml.
    """

    folder: Path
    commit: str
    profile: str

    @property
    def lock(self) -> Path:
        """The dvc.lock of this checkout."""
        return self.folder / LOCK_FILE


def check_out(home: Home, commit: str, profile: str) -> Checkout:
    """The checkout of a commit with a profile, made where it does not exist yet; whoever calls holds the profile.

    Raises:
        UnknownProfile: the commit has no such parameter set.
        RefusedCommit: the commit has a symbolic link where the checkout is written.
    """
    params = profile_blob(home, commit, profile)
    checkout = Checkout(home.worktrees / f"{commit[:12]}-{profile}", commit, profile)
    if not _is_at(checkout):
        refuse_links(home, commit)
        shutil.rmtree(checkout.folder, ignore_errors=True)
        home.worktrees.mkdir(parents=True, exist_ok=True)
        git.add_worktree(home.root, checkout.folder, commit)
    # The profile is held, so this is left over: DVC takes a killed process for alive while nobody has reaped it.
    (checkout.folder / ".dvc/tmp/rwlock").unlink(missing_ok=True)
    os.utime(checkout.folder)
    _forget_old_ones(home, profile)
    (checkout.folder / PARAMS_FILE).write_bytes(params)
    configure_dvc(home, checkout.folder)
    return checkout


def profile_blob(home: Home, commit: str, profile: str) -> bytes:
    """Content of profiles/<profile>.yaml at a commit.

    Raises:
        UnknownProfile: the commit has no such file.
    """
    content = (
        git.blob(home.root, commit, f"{PROFILES_FOLDER}/{profile}.yaml") if PROFILE_NAME.fullmatch(profile) else None
    )
    if content is None:
        files = git.names_in(home.root, commit, PROFILES_FOLDER)
        known = tuple(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))
        raise UnknownProfile(profile, commit, known)
    return content


def verify(home: Home, checkout: Checkout) -> None:
    """Make sure that the checkout is its commit but for the profile's parameters and the lock.

    Raises:
        CheckoutChanged: naming each file that differs.
    """
    differing = [path for path in git.dirty_files(checkout.folder) if path not in (PARAMS_FILE, LOCK_FILE)]
    params = checkout.folder / PARAMS_FILE
    if not params.exists() or params.read_bytes() != profile_blob(home, checkout.commit, checkout.profile):
        differing.append(PARAMS_FILE)
    if differing:
        raise CheckoutChanged(str(checkout.folder), tuple(differing))


@contextmanager
def in_use(home: Home, commit: str, profile: str) -> Iterator[None]:
    """Hold the checkout of a commit with a profile among the runs of stages on one machine; others wait."""
    home.locks.mkdir(parents=True, exist_ok=True)
    with FileLock(_use_file(home, f"{commit[:12]}-{profile}")):
        yield


def _use_file(home: Home, checkout: str) -> Path:
    return home.locks / f"{checkout}.use"


def _forget_old_ones(home: Home, profile: str) -> None:
    """Remove all but the newest checkouts of a profile: the cache holds what lay in them."""
    checkouts = [path for path in home.worktrees.iterdir() if path.name[12:] == f"-{profile}"]
    for path in sorted(checkouts, key=lambda path: path.stat().st_mtime)[:-CHECKOUTS_KEPT]:
        use = _use_file(home, path.name)
        try:
            with FileLock(use, timeout=0) if use.exists() else nullcontext():
                shutil.rmtree(path)
        except Timeout:  # a stage runs in it
            continue


def _is_at(checkout: Checkout) -> bool:
    """Whether the folder is a whole worktree at the commit: a kill during `git worktree add` leaves less."""
    if not (checkout.folder / ".git").is_file():
        return False
    try:
        changed = set(git.dirty_files(checkout.folder)) - {PARAMS_FILE, LOCK_FILE}
    except GitFailed:  # its link leads nowhere: the repository was moved
        return False
    return not changed and git.resolve(checkout.folder, "HEAD") == checkout.commit


def configure_dvc(home: Home, folder: Path) -> None:
    """Point a worktree at the cache and the remotes of the main working tree, as absolute paths."""
    from dvc.config import Config

    # A relative remote would resolve against each worktree's own .dvc, and the cache would be an empty one of its own.
    effective = Config(str(home.root / ".dvc"), validate=False)
    cache = {name: str(value) for name, value in effective.get("cache", {}).items()}
    remotes = {
        name: {key: str(value) for key, value in remote.items()} for name, remote in effective.get("remote", {}).items()
    }
    with Config(str(folder / ".dvc"), validate=False).edit("local", validate=False) as local:
        local["core"] = {name: str(value) for name, value in effective.get("core", {}).items()}
        local["cache"] = {"dir": str(home.root / ".dvc" / "cache"), **cache, "type": LINKS}
        # What is fetched is hashed again: an object whose bytes are not those of its name is thrown away.
        local["remote"] = {name: {**remote, "verify": "true"} for name, remote in remotes.items()}
