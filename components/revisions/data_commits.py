"""Commits that add files to data/: made in a worktree of their own, so that nobody's working tree is touched.

DVC adds single files to a folder that it tracks without the folder's other files: what this costs is what is new.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock

from components.revisions import git
from components.revisions.checkout import configure_dvc
from components.revisions.errors import DataNotAdded, UnknownRevision
from components.revisions.home import Home
from components.revisions.remotes import branch_ref

if TYPE_CHECKING:
    from dvc.repo import Repo

DATA: Final = "data"
DATA_FILE: Final = "data.dvc"
_FOLDERS: Final = ("items", "scenes", "land_cover", "objects", "captions", "alphaearth")
_IDENTITY: Final = ("-c", "user.name=fusar", "-c", "user.email=fusar@localhost", "-c", "commit.gpgsign=false")
_HELD: Final = "data"
REFS: Final = f"refs/fusar/{_HELD}"


def commit_data(home: Home, base: str, source: Path, message: str) -> str:
    """Add the files of a data folder that a commit's data lacks; what the commit has, it keeps.

    Args:
        home: of the repository.
        base: full id of the commit to add to.
        source: data folder with the new files, laid out like data/; links in it are left out.
        message: of the commit.

    Returns:
        Id of a commit on top of `base`, held by a ref, its files in the DVC remote; the same one for the same files.
        `base` where nothing is new.

    Raises:
        DataNotAdded: the manifest of the commit's data is in no cache or remote, or the remote cannot be written.
    """
    with _worktree(home, base) as folder:
        return _commit(home, base, folder, (source, message))


def files_of(home: Home, commit: str) -> frozenset[str]:
    """Paths of the files that a commit's data holds, below data/.

    Raises:
        DataNotAdded: the manifest of the commit's data is in no cache or remote.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    with _worktree(home, commit) as folder:
        try:
            with Repo(str(folder)) as repo:
                return _known(repo)
        except DvcException as error:
            raise DataNotAdded(DATA_FILE, str(error)) from error


def asked_file(home: Home, ref: str) -> Path:
    """The empty file whose time says when somebody last asked for the commit that a ref of `REFS` holds."""
    return home.state / "data-commits" / ref.rsplit("/", 1)[-1]


def publish(home: Home, commit: str) -> str:
    """Push a commit to a branch of its own at the remote `origin`, from which workers take it; answer the branch.

    Raises:
        GitFailed: there is no such remote, or it refuses.
    """
    branch = f"fusar-data-{commit[:12]}"
    git.git(home.root, "push", "--quiet", "--end-of-options", "origin", f"{commit}:refs/heads/{branch}")
    return branch


def advance(home: Home, commit: str, remote: str, branch: str) -> None:
    """Move a branch at a remote on to a commit that is made on top of it; never back, and never aside.

    Raises:
        RefusedRevision: a name that looks like an option, or like an address.
        GitFailed: the branch has moved meanwhile, or the remote refuses.
    """
    git.git(home.root, "push", "--quiet", "--end-of-options", remote, f"{commit}:{branch_ref(remote, branch)}")


@contextmanager
def _worktree(home: Home, commit: str) -> Iterator[Path]:
    """A worktree at a commit for the block, one at a time, with the cache and the remotes of the repository."""
    home.state.mkdir(parents=True, exist_ok=True)
    with FileLock(home.state / "data-commit.lock"):
        folder = home.state / "data-commit"
        shutil.rmtree(folder, ignore_errors=True)
        git.add_worktree(home.root, folder, commit)
        try:
            configure_dvc(home, folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            git.git(home.root, "worktree", "prune")


def _commit(home: Home, base: str, folder: Path, new: tuple[Path, str]) -> str:
    from dvc.exceptions import DvcException

    source, message = new
    try:
        if not _add(folder, source):
            return base
    except DvcException as error:
        raise DataNotAdded(str(source), str(error)) from error
    key = f"{base[:12]}-{_digest((folder / DATA_FILE).read_text(encoding='utf-8'))[:12]}"
    asked = asked_file(home, f"{REFS}/{key}")
    asked.parent.mkdir(exist_ok=True)
    asked.touch()  # first: garbage collection must not drop a commit that is about to be retrained
    try:
        return git.resolve(home.root, f"{REFS}/{key}")
    except UnknownRevision:
        git.git(folder, "add", "--", DATA_FILE)
        git.git(folder, *_IDENTITY, "commit", "--quiet", "--no-verify", "-m", message)
    commit = git.resolve(folder, "HEAD")
    git.hold(home.root, commit, _HELD, key)
    return commit


def _add(folder: Path, source: Path) -> bool:
    """Put new files into DVC's cache and remote and data.dvc; false where there are none."""
    from dvc.repo import Repo  # 0.4 s, and only commits need it

    with Repo(str(folder)) as repo:
        repo.scm_context.quiet = True  # its advice on git concerns a person's tree, not this one
        added = _copied(source, folder / DATA, _known(repo))
        if added:
            repo.add([str(path) for path in added])
            repo.push(targets=[str(folder / DATA_FILE)])
        return bool(added)


def _digest(data_file: str) -> str:
    from dvc.utils.serialize import parse_yaml

    return str(parse_yaml(data_file, DATA_FILE)["outs"][0]["md5"])


def _known(repo: "Repo") -> frozenset[str]:
    """Paths of the files that the commit's data holds; its manifest is fetched where it is not here."""
    (out,) = (out for out in repo.index.outs if out.def_path == DATA)
    tree = out.get_dir_cache() or ()
    return frozenset("/".join(key) for key, _, _ in tree)


def _copied(source: Path, target: Path, known: frozenset[str]) -> tuple[Path, ...]:
    """Copy what is not known into the worktree; a folder may come from someone else, so links are not followed."""
    return tuple(_copy(path, target / name) for path, name in _files(source) if name not in known)


def _files(source: Path) -> Iterator[tuple[Path, str]]:
    for folder in _FOLDERS:
        if (source / folder).is_symlink():
            continue
        for path in sorted((source / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path, path.relative_to(source).as_posix()


def _copy(path: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(path, target))
