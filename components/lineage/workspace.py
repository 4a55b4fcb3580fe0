"""The workspace that a version was made in, given back: its commit, parameters, lock, data and outputs."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.chain import chain_digest
from components.lineage.contents import Contents
from components.lineage.errors import ChangedOutput, FolderNotEmpty, IncompleteLineage, NoWorkspace
from components.lineage.objects import FOLDER_SUFFIX, Objects
from components.lineage.record import Content, Lineage
from components.lineage.versions import CHAIN_TAG, fetch, read_lineage
from components.lineage.withdrawals import purged
from components.revisions import git
from components.revisions.checkout import PARAMS_FILE, configure_dvc
from components.revisions.errors import RevisionError
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE, read_lock
from components.revisions.staleness import ask

_PARTIAL: Final = ".{}.partial"


@dataclass(frozen=True)
class Workspace:
    """A version's workspace on disk.

    Attributes:
        folder: its root, a worktree of the repository.
        commit: full id.
        profile: name of the parameter set in its params.yaml.
        paths: data and outputs that were brought and whose md5 is the one of the lock.
        changed: what `dvc status` finds different, by stage; nothing where it is clean.
    """

    folder: Path
    commit: str
    profile: str
    paths: tuple[str, ...]
    changed: dict[str, Any]


def give_back(home: Home, client: MlflowClient, version: ModelVersion, folder: Path) -> Workspace:
    """Write the workspace of a version into `folder`, all of it or nothing.

    Raises:
        FolderNotEmpty: there is something in the folder.
        NoWorkspace: a part of it is lost, or is no longer what made the version.
    """
    folder = folder.resolve()
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise FolderNotEmpty(str(folder))
    partial = folder.with_name(_PARTIAL.format(folder.name))
    remove(home, partial)  # of a run that was killed
    try:
        lineage = lay_out(home, client, version, partial, with_lock=True)
        outs = {
            str(out["path"]): str(out.get("md5") or "")
            for entry in read_lock(partial / LOCK_FILE).values()
            for out in entry.get("outs", [])
        }
        brought = bring(home, version, partial, [Content(path=path, md5=md5) for path, md5 in sorted(outs.items())])
        changed = _status(partial)
        if folder.is_dir():
            folder.rmdir()
        git.git(home.root, "worktree", "move", "--end-of-options", str(partial), str(folder))
    except BaseException:
        remove(home, partial)
        raise
    paths = (*(item.path for item in tracked_inputs(lineage)), *brought)
    return Workspace(folder, lineage.retrain.commit, lineage.retrain.profile, paths, changed)


def lay_out(home: Home, client: MlflowClient, version: ModelVersion, folder: Path, with_lock: bool) -> Lineage:
    """Check the commit of a version out into `folder`, with its parameters and its data, and without its outputs.

    Args:
        home: of the repository.
        client: of the registry.
        version: whose workspace it is.
        folder: does not exist yet; becomes a worktree.
        with_lock: whether its dvc.lock is put there too.

    Returns:
        The version's record.

    Raises:
        NoWorkspace: the commit, the parameters, the lock or a file of the data is lost or changed.
    """
    name, lineage = f"{version.name}/{version.version}", read_lineage(client, version)
    with tempfile.TemporaryDirectory(prefix="fusar-workspace-") as scratch:
        params = fetch(client, version, PARAMS_FILE, Path(scratch)).read_bytes()
        lock_file = fetch(client, version, LOCK_FILE, Path(scratch))
        lock, entries = lock_file.read_bytes(), read_lock(lock_file)
    if hashlib.sha256(params).hexdigest() != lineage.retrain.params_sha256:
        raise NoWorkspace(name, f"its {PARAMS_FILE} is not the one that made it")
    stages = [stage.name for stage in lineage.stages]
    if not set(stages) <= set(entries) or chain_digest(entries, stages) != version.tags.get(CHAIN_TAG):
        raise NoWorkspace(name, f"its {LOCK_FILE} is not the one that it was registered with")
    try:
        git.add_worktree(home.root, folder, git.resolve(home.root, lineage.retrain.commit))
    except RevisionError as error:
        raise NoWorkspace(name, f"its commit {lineage.retrain.commit[:12]} cannot be checked out: {error}") from error
    (folder / PARAMS_FILE).write_bytes(params)
    if with_lock:
        (folder / LOCK_FILE).write_bytes(lock)
    configure_dvc(home, folder)
    ask(folder)  # refuses a graph that would write outside of the folder
    bring(home, version, folder, tracked_inputs(lineage))
    return lineage


def tracked_inputs(lineage: Lineage) -> tuple[Content, ...]:
    """The inputs of a version that DVC keeps; the others are files of its commit."""
    return tuple(item for item in lineage.inputs if item.md5.endswith(FOLDER_SUFFIX))


def bring(home: Home, version: ModelVersion, folder: Path, wanted: Sequence[Content]) -> tuple[str, ...]:
    """Pull contents into a workspace and check the md5 of each; the answer is their paths.

    Raises:
        NoWorkspace: one is lost, was purged, or is kept as other bytes.
    """
    name = f"{version.name}/{version.version}"
    try:
        Contents(folder).bring(wanted)
    except IncompleteLineage as error:
        raise NoWorkspace(name, _why(home, folder, wanted, error.missing)) from error
    except ChangedOutput as error:
        reason = f"{error.path} is kept with md5 {error.found or 'none'}, but {error.wanted} made it"
        raise NoWorkspace(name, reason) from error
    return tuple(item.path for item in wanted)


def _why(home: Home, folder: Path, wanted: Sequence[Content], missing: Sequence[str]) -> str:
    """Why contents cannot be pulled: purged files by name, else that they are nowhere."""
    gone, objects = purged(home), Objects(folder)
    with suppress(IncompleteLineage):  # the listing of a folder is lost itself
        names = [str(gone[file.md5]) for item in wanted for file in objects.files(item) if file.md5 in gone]
        if names:
            return "; ".join(names)
    return f"{', '.join(missing)}: not whole in any cache or remote"


def remove(home: Home, folder: Path) -> None:
    """Take a workspace away, and git's memory of it."""
    shutil.rmtree(folder, ignore_errors=True)
    git.git(home.root, "worktree", "prune")


def _status(folder: Path) -> dict[str, Any]:
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        return dict(repo.status())
