"""What a worker lets in: commits whose graph is that of the stage contract, read from git without running anything."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from components.contract.stage import OUTPUTS_FOLDER
from components.revisions.errors import RefusedCommit
from components.revisions.git import blob, git
from components.revisions.home import STATE_FOLDER, Home

GRAPH: Final = "dvc.yaml"
# What checkouts, DVC and retrains write besides outputs.
_WRITTEN: Final = (".dvc", STATE_FOLDER, "mlruns", "params.yaml", GRAPH, "dvc.lock", OUTPUTS_FOLDER)
_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_COMMAND: Final = re.compile(r"python -m components\.([a-z][a-z0-9_]*) ([a-z][a-z0-9_]*)")
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_STAGE_WORDS: Final = {"cmd", "deps", "params", "outs", "metrics"}
_DATA_WORDS: Final = {"outs", "meta", "desc"}
_OUT_WORDS: Final = {"md5", "size", "nfiles", "hash", "path"}
_LINK_MODES: Final = (b"120000", b"160000")  # symbolic links, submodules


def admit(home: Home, commit: str) -> None:
    """Refuse a commit whose graph would run or write something else than stages of the contract do.

    Args:
        home: whose repository has the commit.
        commit: full id.

    Raises:
        RefusedCommit: naming the first file that is wrong, and why.
    """
    tree = _tree(home, commit)
    written = [*_WRITTEN]
    for path in tree:
        name = PurePosixPath(path).name
        if name == GRAPH and path != GRAPH:
            raise RefusedCommit(commit, path, "only the repository's root may have stages")
        if name.endswith(".dvc") and not path.startswith(".dvc/"):
            written += _data_paths(commit, path, _read(home, commit, path))
    graph = _read(home, commit, GRAPH)
    if set(graph) != {"stages"} or not isinstance(graph["stages"], dict):
        raise RefusedCommit(commit, GRAPH, "it must hold `stages` and nothing else")
    for stage, entry in graph["stages"].items():
        _refuse_stage(commit, stage, entry, tree)
    _refuse_links(commit, tree, written)


def refuse_links(home: Home, commit: str) -> None:
    """Refuse a commit that has a symbolic link where checkouts, DVC or retrains write.

    Raises:
        RefusedCommit: naming the link.
    """
    _refuse_links(commit, _tree(home, commit), _WRITTEN)


def _tree(home: Home, commit: str) -> dict[str, bytes]:
    """Every path of a commit with its mode."""
    listing = git(home.root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
    entries = (entry.split(b"\t", 1) for entry in listing.split(b"\0") if entry)
    return {os.fsdecode(path): about.split()[0] for about, path in entries}


def _read(home: Home, commit: str, path: str) -> Mapping[str, Any]:
    content = blob(home.root, commit, path)
    if content is None:
        raise RefusedCommit(commit, path, "there is no such file")
    # DVC's own parser: another one might see another graph in the same bytes.
    from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml

    try:
        found = parse_yaml(content.decode(), path)
    except (YAMLFileCorruptedError, UnicodeDecodeError) as error:
        raise RefusedCommit(commit, path, f"it is no YAML ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise RefusedCommit(commit, path, "it holds no mapping")
    return found


def _refuse_stage(commit: str, stage: object, entry: object, tree: Iterable[str]) -> None:
    """Every word of a stage must be what the contract writes for a stage of this name."""
    for problem in _problems(stage, entry, set(tree)):
        raise RefusedCommit(commit, GRAPH, f"stage {str(stage)[:80]!r}: {problem}")


def _problems(stage: object, entry: object, tree: set[str]) -> Iterator[str]:
    if not (isinstance(stage, str) and _STAGE_NAME.fullmatch(stage)):
        yield "that is no name of a stage"
    elif not isinstance(entry, dict) or set(entry) != _STAGE_WORDS:
        yield f"it must say {', '.join(sorted(_STAGE_WORDS))} and nothing else"
    else:
        command = _COMMAND.fullmatch(entry["cmd"]) if isinstance(entry["cmd"], str) else None
        if command is None or command[2] != stage:
            yield f"its command is not `python -m components.<package> {stage}`"
        elif f"components/{command[1]}/__main__.py" not in tree or f"components/{command[1]}" not in entry["deps"]:
            yield f"components/{command[1]} is no package of the commit, or not among its deps"
        if not _are_paths(entry["deps"]):
            yield "a dep is no path inside the repository"
        folder = f"{OUTPUTS_FOLDER}/{stage}/"
        if not _are_paths(entry["outs"]) or any(
            str(PurePosixPath(out).parent) + "/" != folder for out in entry["outs"]
        ):
            yield f"an output does not lie in {folder}"
        if entry["metrics"] != [f"{folder}metrics.json"] or entry["params"] != [stage]:
            yield "its metrics or params are not its own"


def _are_paths(values: object) -> bool:
    """Whether this is a list of plain relative paths: no `..`, no address, no variable, nothing hidden."""
    return isinstance(values, list) and all(isinstance(value, str) and _PATH.fullmatch(value) for value in values)


def _data_paths(commit: str, file: str, content: Mapping[str, Any]) -> list[str]:
    """Where a .dvc file puts data; it may neither fetch nor run anything."""
    outs = content.get("outs")
    if not set(content) <= _DATA_WORDS or not isinstance(outs, list):
        raise RefusedCommit(commit, file, f"it may say {', '.join(sorted(_DATA_WORDS))} and nothing else")
    for out in outs:
        if not isinstance(out, dict) or not set(out) <= _OUT_WORDS or not _are_paths([out.get("path")]):
            raise RefusedCommit(commit, file, "an output of it is no plain path, or says more than its digest")
    return [str(PurePosixPath(file).parent / out["path"]) for out in outs]


def _refuse_links(commit: str, tree: Mapping[str, bytes], written: Iterable[str]) -> None:
    """DVC writes through a committed link (treeverse/dvc#11101): none may lie on, above or below what is written."""
    links = [PurePosixPath(path) for path, mode in tree.items() if mode in _LINK_MODES]
    for place in map(PurePosixPath, written):
        for link in links:
            if link.is_relative_to(place) or place.is_relative_to(link):
                raise RefusedCommit(commit, str(link), f"a link where {place} is written")
