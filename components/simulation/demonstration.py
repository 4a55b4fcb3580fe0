"""The demo's data as commits: simulated scenes go into DVC's cache, never into the person's working tree."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from components.revisions import git
from components.revisions.checkout import configure_dvc
from components.revisions.errors import UnknownRevision
from components.revisions.home import Home
from components.simulation.simulate import simulate

DATA, DATA_FILE = "data", "data.dvc"
IDENTITY = ("-c", "user.name=fusar demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class DemoCommit:
    """A commit whose data.dvc names simulated scenes that lie in DVC's cache and remote.

    Attributes:
        commit: full id.
        note: what a person should know about it; empty when it is the commit they are on.
    """

    commit: str
    note: str


def demo_commit(home: Home, catalogue: str, seed: int) -> DemoCommit:
    """The commit that HEAD is, with the data that its data.dvc pins made from the seed.

    Where this machine's arithmetic gives other bytes than data.dvc pins, a commit of its own on top of HEAD holds what
    was made here.
    """
    head = git.resolve(home.root, "HEAD")
    made = _held(home, "demo", head)
    if made is not None:
        return DemoCommit(made, "")
    if _is_cached(home, git.blob(home.root, head, DATA_FILE)):
        return DemoCommit(head, "")
    folder = _worktree(home, head)
    simulate(catalogue, seed, folder / DATA)
    if not _add(folder):
        return DemoCommit(head, "")
    commit = _commit(folder, "[demo] pin the scenes as this machine simulates them")
    git.hold(home.root, commit, "demo", head[:12])
    return DemoCommit(
        commit, f"These scenes differ from those that data.dvc pins, so the demo goes on with {commit[:12]}."
    )


def update_commit(home: Home, base: str, catalogue: str, seed: int) -> DemoCommit:
    """A commit on top of `base` that adds the scenes of one more catalogue to its data."""
    made = _held(home, "demo-update", base)
    if made is None:
        folder = _worktree(home, base)
        _restore(folder)
        simulate(catalogue, seed, folder / DATA)
        _add(folder)
        made = _commit(folder, "[demo] add one simulated scene")
        git.hold(home.root, made, "demo-update", base[:12])
    return DemoCommit(made, f"One more scene was added in {made[:12]}, a commit of its own.")


def _held(home: Home, kind: str, base: str) -> str | None:
    with suppress(UnknownRevision):
        return git.resolve(home.root, f"refs/fusar/{kind}/{base[:12]}")
    return None


def _is_cached(home: Home, data_file: bytes | None) -> bool:
    """Whether the folder that a data.dvc pins was added here before; DVC writes its manifest last."""
    from dvc.utils.serialize import parse_yaml

    if data_file is None:
        return False
    digest = parse_yaml(data_file.decode(), DATA_FILE)["outs"][0]["md5"]
    manifest: Path = home.root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    return manifest.exists()


def _worktree(home: Home, commit: str) -> Path:
    """A fresh worktree for making data in; a kill leaves one that the next call replaces."""
    folder = home.state / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    git.add_worktree(home.root, folder, commit)
    configure_dvc(home, folder)
    return folder


def _restore(folder: Path) -> None:
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        repo.pull(targets=[str(folder / DATA_FILE)])


def _add(folder: Path) -> bool:
    """Put data/ into DVC's cache and remote; answer whether data.dvc differs from the commit's."""
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        repo.scm_context.quiet = True  # its advice on git concerns the person's tree, not this one
        repo.add([str(folder / DATA)])
        repo.push(targets=[str(folder / DATA_FILE)])
    return DATA_FILE in git.dirty_files(folder)


def _commit(folder: Path, message: str) -> str:
    git.git(folder, "add", "--", DATA_FILE)
    git.git(folder, *IDENTITY, "commit", "--quiet", "--no-verify", "-m", message)
    return git.resolve(folder, "HEAD")
