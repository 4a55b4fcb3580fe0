"""The one place that runs git: no hooks, no options from outside, no prompts."""

import getpass
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from components.revisions.errors import GitFailed, NotARepository, RefusedRevision, UnknownRevision

# A repository may come from someone else: its hooks and its file-system monitor are programs.
SAFE = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never")


def environment() -> dict[str, str]:
    """Variables for a git process: none that point it at another repository, no prompt, English answers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints for these arguments in `folder`; `given` is its standard input.

    Raises:
        GitFailed: git ended with an error.
    """
    command = ["git", *SAFE, *arguments]
    result = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=False, input=given)
    if result.returncode != 0:
        answer = result.stderr.decode(errors="replace").strip() or f"exit code {result.returncode}"
        raise GitFailed(" ".join(arguments), answer)
    return result.stdout


def main_folder(folder: Path) -> Path:
    """Root of the main working tree of the repository that `folder` belongs to, from any of its worktrees.

    Raises:
        NotARepository: no repository holds the folder.
    """
    try:
        listing = git(folder, "worktree", "list", "--porcelain", "-z")
    except GitFailed as error:
        raise NotARepository(str(folder), error.answer) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotARepository(str(folder), str(error)) from error
    return Path(os.fsdecode(listing.split(b"\0", 1)[0].removeprefix(b"worktree ")))


def resolve(folder: Path, revision: str) -> str:
    """The full id of the commit that a branch, tag or id names.

    Raises:
        RefusedRevision: the revision is empty or looks like an option.
        UnknownRevision: there is no such commit.
    """
    if not revision or revision.startswith("-") or "\0" in revision:
        raise RefusedRevision(revision)
    try:
        answer = git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    except GitFailed as error:
        raise UnknownRevision(revision) from error
    return answer.decode().strip()


def branches_with(folder: Path, commit: str) -> tuple[str, ...]:
    """Branches, here and at remotes, and tags from which a commit is reached: what they lead to, git never forgets."""
    found = git(
        folder, "for-each-ref", "--format=%(refname)", f"--contains={commit}", "refs/heads", "refs/remotes", "refs/tags"
    )
    return tuple(found.decode().split())


def dirty_files(folder: Path) -> tuple[str, ...]:
    """Paths that differ from the commit checked out in `folder`, untracked ones included, sorted."""
    listing = git(folder, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    return tuple(sorted(os.fsdecode(entry[3:]) for entry in listing.split(b"\0") if entry))


def blob(folder: Path, commit: str, path: str) -> bytes | None:
    """Content of a file at a commit, None where the commit has no such file."""
    try:
        return git(folder, "cat-file", "blob", "--end-of-options", f"{commit}:{path}")
    except GitFailed:
        return None


def files_under(folder: Path, commit: str, path: str) -> dict[str, bytes]:
    """Content of each file at or under a path of a commit, by its path in the repository; asked of git at once."""
    listing = git(folder, "ls-tree", "-r", "-z", "--end-of-options", commit, path)
    entries = [entry.split(b"\t", 1) for entry in listing.split(b"\0") if entry]
    wanted = b"".join(about.split()[2] + b"\n" for about, _ in entries)
    answer, contents = git(folder, "cat-file", "--batch", given=wanted), {}
    for _, name in entries:
        head, _, answer = answer.partition(b"\n")
        size = int(head.split()[2])
        contents[os.fsdecode(name)], answer = answer[:size], answer[size + 1 :]
    return contents


def names_in(folder: Path, commit: str, path: str) -> tuple[str, ...]:
    """Names of the files in one folder of a commit, sorted."""
    try:
        listing = git(folder, "ls-tree", "-z", "--name-only", "--end-of-options", f"{commit}:{path}")
    except GitFailed:
        return ()
    return tuple(sorted(os.fsdecode(name) for name in listing.split(b"\0") if name))


def user_name(folder: Path) -> str:
    """Who commits here: git's user.name, or the login name where git knows none."""
    try:
        return git(folder, "config", "--get", "user.name").decode(errors="replace").strip() or getpass.getuser()
    except GitFailed:
        return getpass.getuser()


def origin(folder: Path) -> str:
    """Address of the remote `origin`, without the name and password that it may hold; "" where there is none."""
    try:
        address = git(folder, "config", "--get", "remote.origin.url").decode(errors="replace").strip()
    except GitFailed:
        return ""
    return address_without_secrets(address)


def address_without_secrets(address: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(address)
    if not parts.hostname:
        return address
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, parts.hostname + port, parts.path, "", ""))


def default_heads(folder: Path) -> tuple[str, ...]:
    """Names of what `folder` has checked out and of the default branch, here and at origin; not all need exist."""
    try:
        branch = git(folder, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").decode().strip().rsplit("/", 1)[-1]
        branches: tuple[str, ...] = (branch,)
    except GitFailed:
        branches = ("main", "master")
    return ("HEAD", *(f"refs/{where}/{name}" for name in branches for where in ("heads", "remotes/origin")))


def hold(folder: Path, commit: str, model: str, version: str) -> str:
    """Keep a commit that made a model version from being forgotten; answer the ref that holds it."""
    ref = f"refs/fusar/{model}/{version}"
    git(folder, "update-ref", "--end-of-options", ref, commit)
    return ref


def add_worktree(folder: Path, target: Path, commit: str) -> None:
    """Check a commit out into a new folder, on no branch."""
    git(folder, "worktree", "prune")
    git(folder, "worktree", "add", "--detach", "--force", "--end-of-options", str(target), commit)
