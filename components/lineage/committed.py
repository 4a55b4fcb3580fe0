"""The commit that made a version: still there, still held, and its code still the one that the lock names."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import PurePosixPath

from components.lineage.contents import listing_md5
from components.lineage.objects import Digests, digests_of
from components.lineage.record import Content, Lineage
from components.revisions import git
from components.revisions.errors import RevisionError
from components.revisions.home import Home

_CODE = ("components/", "requirements.lock")


def problems(home: Home, name: str, lineage: Lineage) -> Iterator[tuple[str, str]]:
    """What is not as it was, as path and sentence.

    Args:
        home: of the repository.
        name: MODEL/VERSION.
        lineage: the version's record.
    """
    commit, ref = lineage.retrain.commit, f"refs/fusar/{name}"
    fetch = "git fetch origin 'refs/fusar/*:refs/fusar/*'"
    if _resolved(home, commit) is None:
        yield commit, f"this clone has no such commit, which made {name}. `{fetch}`, or bring it back from a clone."
        return
    held = _resolved(home, ref)
    if held is None and not git.branches_with(home.root, commit):
        lost = f"is gone and no branch or tag leads to commit {commit[:12]}, so git may forget it."
        yield ref, f"{lost} `git update-ref {ref} {commit}`, or `{fetch}`."
    elif held not in (None, commit):
        yield ref, f"was moved to {held[:12]}; {name} was made of {commit[:12]}. `git update-ref {ref} {commit}`."
    code = {dep.path: dep.md5 for stage in lineage.stages for dep in stage.deps if dep.path.startswith(_CODE)}
    for path, md5 in sorted(code.items()):
        found = _md5_at(home, commit, path)
        if found != md5:
            yield path, f"has md5 {found or 'none'} in commit {commit[:12]}, but the stages of {name} ran {md5}."


def digests(home: Home, commit: str, path: str) -> Digests | None:
    """Digests of a file at a commit; None where the commit or the file is not there."""
    content = git.blob(home.root, commit, path)
    return None if content is None else digests_of(io.BytesIO(content))


def _resolved(home: Home, revision: str) -> str | None:
    try:
        return git.resolve(home.root, revision)
    except RevisionError:
        return None


def _md5_at(home: Home, commit: str, path: str) -> str:
    """The md5 that DVC gives a file or folder of a commit; empty where it has none."""
    files = [
        Content(path=name, md5=hashlib.md5(content, usedforsecurity=False).hexdigest())
        for name, content in git.files_under(home.root, commit, path).items()
    ]
    if not files:
        return ""
    if files[0].path == path:
        return files[0].md5
    return listing_md5(
        [Content(path=PurePosixPath(file.path).relative_to(path).as_posix(), md5=file.md5) for file in files]
    )
