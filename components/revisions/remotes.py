"""What a git remote has, asked without trusting it: no option, no hook, no address from outside."""

import re
from pathlib import Path
from typing import Final

from components.revisions.errors import RefusedRevision
from components.revisions.git import git

_REMOTE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A remote that has stopped sending for a minute is given up.
_PATIENCE: Final = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60")


def remote_tip(folder: Path, remote: str, branch: str) -> str | None:
    """Full id of the newest commit of a branch at a remote; None where it has no such branch.

    Args:
        folder: of the repository that knows the remote.
        remote: its name in that repository, as `git remote` lists it.
        branch: name of the branch there.

    Raises:
        RefusedRevision: a name that looks like an option, or like an address.
        GitFailed: the remote does not answer.
    """
    ref = branch_ref(remote, branch)
    # Nothing but the listing is asked for: that costs a few hundred bytes, whatever was pushed.
    listing = git(folder, *_PATIENCE, "ls-remote", "--heads", "--end-of-options", remote, ref).decode(errors="replace")
    # A pattern also fits the end of a longer name.
    return next((line[: -len(ref) - 1] for line in listing.splitlines() if line.endswith(f"\t{ref}")), None)


def fetch_branch(folder: Path, remote: str, branch: str) -> None:
    """Bring what a branch at a remote has into the repository; no branch of the repository itself moves.

    Raises:
        RefusedRevision: a name that looks like an option, or like an address.
        GitFailed: the remote does not answer, or sends what is no good repository.
    """
    refs = f"+{branch_ref(remote, branch)}:refs/remotes/{remote}/{branch}"
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    git(folder, *_PATIENCE, "-c", "fetch.fsckObjects=true", "fetch", *options, "--end-of-options", remote, refs)


def branch_ref(remote: str, branch: str) -> str:
    """The full name that a branch has at a remote.

    Raises:
        RefusedRevision: a name that looks like an option, or like an address.
    """
    if not _REMOTE.fullmatch(remote):
        raise RefusedRevision(remote)
    if not branch or branch.startswith("-") or any(letter in branch for letter in "\0\n:*?[ ^~\\") or ".." in branch:
        raise RefusedRevision(branch)
    return f"refs/heads/{branch}"
