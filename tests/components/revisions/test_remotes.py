"""A git remote that is asked and fetched from; what it sends, and what it is called, may be hostile."""

import subprocess
from pathlib import Path

import pytest

from components.revisions.errors import GitFailed, RefusedRevision
from components.revisions.git import resolve
from components.revisions.remotes import fetch_branch, remote_tip

IDENTITY = ("-c", "user.name=T", "-c", "user.email=t@localhost")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Where somebody commits, and a clone that watches it."""
    source, clone = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch=main")
    git(source, "commit", "--quiet", "--allow-empty", "-m", "one")
    git(tmp_path, "clone", "--quiet", str(source), str(clone))
    return source, clone


def test_the_tip_is_the_remotes_and_fetching_moves_no_branch_of_ours(pair):
    source, clone = pair
    before = git(clone, "rev-parse", "HEAD")
    git(source, "commit", "--quiet", "--allow-empty", "-m", "two")
    tip = git(source, "rev-parse", "HEAD")
    assert remote_tip(clone, "origin", "main") == tip
    fetch_branch(clone, "origin", "main")
    assert resolve(clone, tip) == tip
    assert git(clone, "rev-parse", "HEAD", "main") == f"{before}\n{before}"
    assert not (clone / ".git/FETCH_HEAD").exists()


def test_a_longer_name_that_ends_alike_is_another_branch(pair):
    source, clone = pair
    git(source, "branch", "other/refs/heads/data")
    assert remote_tip(clone, "origin", "data") is None
    git(source, "branch", "-m", "main", "moved")
    assert remote_tip(clone, "origin", "main") is None


@pytest.mark.parametrize(
    ("remote", "branch"),
    [
        ("--upload-pack=touch pwned", "main"),
        ("ext::sh -c touch% pwned", "main"),
        ("/etc", "main"),
        ("", "main"),
        ("origin", "--upload-pack=touch pwned"),
        ("origin", "main:refs/heads/main"),
        ("origin", "../../x"),
        ("origin", ""),
        ("origin", "*"),
        ("origin", "a\nb"),
    ],
)
def test_names_that_are_options_addresses_or_patterns_are_refused(remote, branch, pair):
    _, clone = pair
    for ask in (remote_tip, fetch_branch):
        with pytest.raises(RefusedRevision):
            ask(clone, remote, branch)
    assert not (clone / "pwned").exists()


def test_a_remote_that_is_not_there_is_named(pair):
    _, clone = pair
    with pytest.raises(GitFailed, match="nowhere"):
        remote_tip(clone, "nowhere", "main")
