"""`fusar lineage diff`: what changed from one version to another."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.tree import Tree

    from components.registry.difference import Change, Code, Paired, VersionDifference

SHOWN = 12


def diff(
    first: Annotated[str, typer.Argument(help="MODEL@ALIAS or MODEL/VERSION: before.", show_default=False)],
    second: Annotated[str, typer.Argument(help="MODEL@ALIAS or MODEL/VERSION: after.", show_default=False)],
    everything: Annotated[bool, typer.Option("--all", help="Every scene, commit, file and package.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Print what changed from FIRST to SECOND: scenes, parameters, code, packages, and scores on the same items.

    Example: fusar lineage diff fusar-gpt@champion fusar-gpt@challenger
    """
    from components.lineage.versions import open_registry, resolve
    from components.registry.difference import difference_of
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    client = open_registry(home.root)
    found = difference_of(home, client, resolve(client, first), resolve(client, second))
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    from rich.console import Console

    Console().print(tree_of(found, everything))
    typer.echo(f"Next: fusar lineage show {found.second} --html FILE, or this command with --all or --json")


def tree_of(found: "VersionDifference", everything: bool) -> "Tree":
    """A difference as a tree."""
    from rich.text import Text
    from rich.tree import Tree

    most = None if everything else SHOWN
    tree = Tree(Text(f"{found.first} -> {found.second}", style="bold"))
    scenes = found.scenes
    branch = _leaf(tree, f"scenes: {scenes.added_count} added, {scenes.removed_count} removed")
    lines = [
        f"{sign} {scene.scene_id}" for sign, side in (("+", scenes.added), ("-", scenes.removed)) for scene in side
    ]
    _some(branch, lines, most)
    _some(_leaf(tree, f"parameters: {len(found.params)} changed"), _changed(found.params), most)
    _code(tree, found.code, most)
    _some(_leaf(tree, f"packages: {len(found.packages)} changed"), _changed(found.packages), most)
    _some(_leaf(tree, f"metrics: {len(found.metrics)} changed"), _changed(found.metrics), None)
    worth = _leaf(tree, "scores on the same items, second minus first (95 % over places)")
    _some(worth, [_paired(pair) for pair in found.paired], None)
    return tree


def _changed(changes: Iterable["Change"]) -> list[str]:
    return [f"{change.name}: {change.before or 'none'} -> {change.after or 'none'}" for change in changes]


def _code(tree: "Tree", code: "Code", most: int | None) -> None:
    said = code.unknown or f"{len(code.commits)} commits, {len(code.files)} files"
    branch = _leaf(tree, f"code: git log {code.range} ({said})")
    _some(branch, list(_commits(code)), most)
    _some(branch, [f"{file.status} {file.path}" for file in code.files], most)


def _commits(code: "Code") -> Iterator[str]:
    yield from (f"{commit.id[:12]} {commit.subject}" for commit in code.commits)
    yield from (f"without {commit.id[:12]} {commit.subject}" for commit in code.undone)


def _paired(pair: "Paired") -> str:
    name = f"{pair.task} ({pair.variant})"
    if pair.estimate is None:
        return f"{name}: no item is shared"
    value, low, high = (pair.estimate[part] for part in ("value", "low", "high"))
    interval = f"{low:+.3f} to {high:+.3f}" if low is not None and high is not None else "no interval: one place"
    items = f"{pair.estimate['n']} items at {pair.estimate['places']} places, {pair.items_not_shared} not shared"
    return f"{name}: {value:+.3f} ({interval}; {items})"


def _some(branch: "Tree", lines: Sequence[str], most: int | None) -> None:
    for line in lines[:most]:
        _leaf(branch, line)
    if most is not None and len(lines) > most:
        _leaf(branch, f"... and {len(lines) - most} more (--all)")


def _leaf(tree: "Tree", text: str) -> "Tree":
    from rich.text import Text

    return tree.add(Text(text))  # names come from elsewhere: as Text, brackets in them are no markup
