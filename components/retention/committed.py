"""What branches, tags, checkouts and kept locks need: the .dvc files and the locks that stand there."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from components.retention.errors import CannotTell
from components.revisions import git
from components.revisions.errors import GitFailed, UnknownRevision
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE

_TRACKED = ".dvc"


def ref_md5s(home: Home) -> Iterator[tuple[str, frozenset[str]]]:
    """Name and md5s of every ref (branches here and of remotes, tags, commits of versions), and of HEAD.

    Raises:
        CannotTell: a file there is no YAML, or git cannot read a commit.
    """
    seen: dict[str, frozenset[str]] = {}
    for name, commit in heads(home):
        if commit not in seen:
            try:
                seen[commit] = _of_commit(home.root, commit)
            except (GitFailed, ValueError) as error:
                raise CannotTell(name, str(error)) from error
        yield name, seen[commit]


def heads(home: Home) -> Iterator[tuple[str, str]]:
    """Name and commit of HEAD and of every ref."""
    listing = git.git(home.root, "for-each-ref", "--format=%(refname)%00%(objectname)%00%(*objectname)")
    yield from _commits(home.root, (("HEAD", "HEAD"),))
    rows = [os.fsdecode(line).split("\0") for line in listing.splitlines()]
    yield from _commits(home.root, ((name, peeled or plain) for name, plain, peeled in rows))


def file_md5s(home: Home, folders: Iterable[Path]) -> Iterator[tuple[str, frozenset[str]]]:
    """Name and md5s of each kept lock, and of each of these working trees: its commit, its lock, what is uncommitted.

    Raises:
        CannotTell: a file is no YAML, or git cannot read a tree.
    """
    for file in sorted(home.locks.glob("*.lock")):
        yield str(file), _of_files((file,))
    for folder in folders:
        try:
            dirty = [folder / path for path in git.dirty_files(folder) if path.endswith(_TRACKED)]
            commit = _of_commit(folder, git.resolve(folder, "HEAD"))
        except (GitFailed, UnknownRevision, ValueError) as error:
            raise CannotTell(str(folder), str(error)) from error
        yield str(folder), commit | _of_files([folder / LOCK_FILE, *dirty])


def _of_files(files: Iterable[Path]) -> frozenset[str]:
    found: set[str] = set()
    for file in files:
        try:
            found |= _md5s(file.read_bytes() if file.is_file() else b"", str(file))
        except ValueError as error:
            raise CannotTell(str(file), str(error)) from error
    return frozenset(found)


def _commits(root: Path, named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, revision in named:
        try:
            yield name, git.resolve(root, revision)
        except UnknownRevision:  # a ref to a blob or a tree needs no data; a repository without commits has no HEAD
            continue


def _of_commit(root: Path, commit: str) -> frozenset[str]:
    """The md5s that every .dvc file and dvc.lock of a commit names, wherever in its tree they are."""
    listing = git.git(root, "ls-tree", "-r", "-z", "--name-only", "--end-of-options", commit)
    paths = [os.fsdecode(name) for name in listing.split(b"\0") if name]
    found: set[str] = set()
    for path in paths:
        if path.endswith(_TRACKED) or path.rsplit("/", 1)[-1] == LOCK_FILE:
            found |= _md5s(git.blob(root, commit, path) or b"", f"{path} of {commit[:12]}")
    return frozenset(found)


def _md5s(content: bytes, source: str) -> frozenset[str]:
    try:
        tree = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{source} is no YAML: {error}") from error
    return frozenset(_values(tree))


def _values(tree: Any) -> Iterator[str]:
    """Every text under a key `md5`, whatever the layout of DVC's file."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if key == "md5" and isinstance(value, str):
                yield value
            else:
                yield from _values(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _values(value)
