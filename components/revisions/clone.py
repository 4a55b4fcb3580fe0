"""The home of a worker on a machine of its own: a clone that it makes itself and that shows the git remote alone."""

import re
from pathlib import Path
from typing import Final

from filelock import FileLock

from components.revisions.admission import refuse_links
from components.revisions.errors import GitFailed, NoFolder, NotPublished, RefusedRevision
from components.revisions.git import git, resolve
from components.revisions.home import Home

REMOTE: Final = "origin"
DVC_REMOTE: Final = "fleet"
# The remote's branches and tags stand for themselves here: what it has no more, this clone has no more.
_REFS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/remotes/origin/HEAD")
_DEFAULT: Final = "refs/remotes/origin/HEAD"
_MARK: Final = "fusar.publishedOnly"
_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def make_home(folder: Path, git_remote: str, dvc_remote: str = "") -> Home:
    """Make a folder the clone of a worker, or bring it up to date; a kill at any moment is mended by the next call.

    Args:
        folder: of the clone; made where it is missing.
        git_remote: address of the repository; whatever is on its branches may run here.
        dvc_remote: where data and results are kept; "" for what the repository itself says.

    Raises:
        RefusedRevision: the address looks like an option of git.
        NoFolder: the clone cannot be made there.
        GitFailed: git cannot reach the remote, or it has no commit.
    """
    if git_remote.startswith("-"):
        raise RefusedRevision(git_remote)
    home = Home(folder.resolve())
    try:
        home.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoFolder(str(folder), error.strerror or type(error).__name__) from error
    with FileLock(home.state / "clone.lock"):  # several workers of one machine may start at once
        # Without a template, which may bring hooks.
        git(home.root, "init", "--quiet", "--template=")
        git(home.root, "config", "--end-of-options", f"remote.{REMOTE}.url", git_remote)
        git(home.root, "config", _MARK, "true")
        if not git(home.root, "for-each-ref", "--count=1", "refs/heads"):
            # A branch that is checked out by its name is one that git would not move.
            git(home.root, "symbolic-ref", "HEAD", "refs/fusar/none")
        refresh(home)
        if dvc_remote:
            _configure_dvc(home, dvc_remote)
    return home


def is_clone(home: Home) -> bool:
    """Whether this is the home of a worker, which runs only what its remote has published."""
    return git(home.root, "config", "--default=", "--get", _MARK).strip() == b"true"


def refresh(home: Home) -> None:
    """Fetch the remote's branches and tags, and show its default branch: the policy that counts is the one there.

    Raises:
        GitFailed: git cannot reach the remote.
        RefusedCommit: the default branch has a symbolic link where state is written.
    """
    with FileLock(home.state / "fetch.lock"):
        options = ("--quiet", "--prune", "--force", "--no-recurse-submodules", "--no-write-fetch-head")
        git(home.root, "fetch", *options, "--end-of-options", REMOTE, *_REFS)
        refuse_links(home, _DEFAULT)
        git(home.root, "checkout", "--quiet", "--detach", "--force", "--no-recurse-submodules", _DEFAULT, "--")


def published(home: Home, revision: str) -> str:
    """Full id of a commit of the remote; it is asked unless the revision is the id of a commit that it has shown.

    Args:
        home: of a worker.
        revision: branch, tag or commit.

    Raises:
        RefusedRevision: the revision is empty or looks like an option.
        UnknownRevision: the remote has no such commit.
        NotPublished: no branch of the remote leads to it.
    """
    # A run that goes on must not end because the git remote is away for a minute.
    if not (_ID.fullmatch(revision) and _is_here(home, revision)):
        refresh(home)
    commit = resolve(home.root, revision)
    if not _is_here(home, commit):
        raise NotPublished(commit, git(home.root, "config", "--get", f"remote.{REMOTE}.url").decode().strip())
    return commit


def _is_here(home: Home, commit: str) -> bool:
    """Whether a branch of the remote leads to a commit, as far as this clone knows."""
    try:
        found = git(home.root, "for-each-ref", "--count=1", f"--contains={commit}", "refs/heads")
    except GitFailed:  # no such commit
        return False
    return bool(found)


def _configure_dvc(home: Home, url: str) -> None:
    from dvc.config import Config

    folder = home.root / ".dvc"
    folder.mkdir(exist_ok=True)
    with Config(str(folder), validate=False).edit("local", validate=False) as local:
        local["core"] = {"remote": DVC_REMOTE, "analytics": "false", "check_update": "false"}
        local["remote"] = {DVC_REMOTE: {"url": url}}
