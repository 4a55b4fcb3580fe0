"""`fusar lineage impact` and `fusar lineage reindex`: everything downstream of a scene, a dataset or a version."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.tree import Tree

    from components.lineage.derived import Derived
    from components.lineage.impact import Impact

CORRECTED_SHOWN = 5


def impact(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SCENE|DATASET|VERSION",
            help="A scene by id or md5, a dataset by the md5 of data or its .dvc file, or MODEL/VERSION.",
            show_default=False,
        ),
    ],
    html: Annotated[
        Path | None, typer.Option(help="Write a page with its graph and map to FILE instead.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, every id included, as JSON.")] = False,
) -> None:
    """Print everything that a scene, a dataset or a version reached: chips, texts, versions, aliases, predictions.

    Example: fusar lineage impact rotterdam-c3
    """
    from components.lineage.impact import ImpactFinder
    from components.lineage.index.index import open_index
    from components.lineage.versions import open_registry
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    client = open_registry(home.root)
    with open_index(home) as index:
        index.refresh(client)
        found = ImpactFinder(home, client, index).of(subject)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    if html is not None:
        from components.lineage.pages.impact import impact_page
        from components.pages.files import write_page

        write_page(html, impact_page(found))
        typer.echo(f"{html}: what {found.subject} reached. {_next(found)}")
        return
    from rich.console import Console

    Console().print(tree_of(found))
    typer.echo(_next(found))


def reindex() -> None:
    """Forget the index behind the questions of lineage and read it anew from MLflow; its content stays the same.

    Example: fusar lineage reindex
    """
    from components.lineage.index.index import open_index
    from components.lineage.versions import open_registry
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    with open_index(home) as index:
        count = index.rebuild(open_registry(home.root))
        unread = index.unread()
    typer.echo(f"{count} versions read")
    for name, reason in unread:
        typer.echo(f"not read: {name}: {reason}")
    typer.echo("Next: fusar lineage impact SCENE")


def tree_of(found: "Impact") -> "Tree":
    """An impact as a tree."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(f"{found.kind} {found.subject}", style="bold"))
    for gone in found.withdrawals:
        _leaf(tree, f"withdrawn on {gone.time} by {gone.name}: {gone.reason}")
        if gone.purged_at:
            _leaf(tree, f"purged on {gone.purged_at} by {gone.purged_by}")
    for part in found.derived:
        _derived(_leaf(tree, _content(part)), part)
    versions = _leaf(tree, f"{len(found.versions)} model versions")
    for version in found.versions:
        aliases = found.aliases.get(version.name, ())
        branch = _leaf(versions, f"{version.name}{': ' + ', '.join(aliases) if aliases else ''}")
        for held in found.championships.get(version.name, ()):
            _leaf(branch, f"champion from {held.since} {f'to {held.until}' if held.until else 'on'}")
    predictions = _leaf(tree, f"{len(found.predictions)} batch predictions")
    for prediction in found.predictions:
        files = ", ".join(sorted(prediction.outputs))
        _leaf(predictions, f"{prediction.at} by {prediction.model}/{prediction.version}: {files}")
    for name, reason in found.unread:
        _leaf(tree, f"not known: {name} ({reason})")
    return tree


def _content(part: "Derived") -> str:
    facts = part.scene.facts
    raster = next((file["md5"] for file in facts["files"] if file["path"].startswith("scenes/")), "unknown")
    return f"{part.scene.scene_id}: {facts['platform']}, {facts['datetime']}, {facts['split']}, md5 {raster}"


def _derived(branch: "Tree", part: "Derived") -> None:
    _leaf(branch, f"in {', '.join(part.versions)}")
    _leaf(branch, f"{len(part.chips)} chips, {part.annotations} annotations")
    corrected = _leaf(branch, f"{len(part.corrected)} clauses that SCIO rewrote or wanted to")
    for chip, field in part.corrected[:CORRECTED_SHOWN]:
        _leaf(corrected, f"{chip}: {field}")
    if len(part.corrected) > CORRECTED_SHOWN:
        _leaf(corrected, f"... and {len(part.corrected) - CORRECTED_SHOWN} more (--json)")
    for reason in part.absent:
        _leaf(branch, reason)


def _leaf(tree: "Tree", text: str) -> "Tree":
    from rich.text import Text

    return tree.add(Text(text))  # ids come from elsewhere: as Text, brackets in them are no markup


def _next(found: "Impact") -> str:
    if found.kind == "scene" and not found.withdrawals:
        return f"Next: fusar scene withdraw {found.subject} --reason TEXT, if it must not be used"
    return f"Next: fusar lineage show {found.versions[-1].name}" if found.versions else "Next: fusar plan"
