"""`fusar gc`: what no version, lock, open retrain, branch or checkout needs any more is removed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from components.retention.collecting import Collection

AGE = typer.Option(
    "--older-than", metavar="DAYS", min=0, max=36500, help="What was written in the last DAYS stays, whoever needs it."
)


def gc(
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this, it is only said what would go.")] = False,
    older_than: Annotated[float, AGE] = 14.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Remove what no version, lock, open retrain, branch or checkout needs, from DVC's stores and from .fusar.

    Lineage loses nothing: whatever a registered version was made of stays. Say nothing more and it is a dry run.

    Example: fusar gc --older-than 30 --yes
    """
    from components.lineage.versions import open_registry
    from components.retention.collecting import collect
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    found = collect(home, open_registry(home.root), older_than, is_dry=not yes)
    if as_json:
        typer.echo(json.dumps(_content(found, yes)))
        return
    from rich.console import Console
    from rich.filesize import decimal

    Console().print(table_of(found, home.root))
    total = sum(each.bytes for each in found.garbage if found.goes(each))
    typer.echo(
        f"{decimal(total)} {'removed' if yes else 'would go'}; {found.reasons} versions, refs, locks and trees "
        "were asked what they need"
    )
    if found.waiting:
        typer.echo(f"objects and run-cache wait for open retrains: {', '.join(found.waiting)}")
    typer.echo(f"Next: fusar {'lineage verify' if yes else _again(older_than)}")


def _again(days: float) -> str:
    from components.retention.collecting import DEFAULT_DAYS

    return f"gc {'' if days == DEFAULT_DAYS else f'--older-than {days:g} '}--yes"


def _content(found: "Collection", is_done: bool) -> dict[str, object]:
    rows = [
        {
            "kind": each.kind,
            "place": each.place,
            "garbage": len(each.items),
            "garbage_bytes": each.bytes,
            "kept": each.kept,
            "kept_bytes": each.kept_bytes,
            "removed": is_done and found.goes(each),
        }
        for each in found.garbage
    ]
    return {"garbage": rows, "waiting": list(found.waiting), "reasons": found.reasons}


def table_of(found: "Collection", root: Path) -> "Table":
    """What goes and what stays of each kind in each place."""
    from rich.filesize import decimal
    from rich.table import Table
    from rich.text import Text

    table = Table("kind", "where")
    for name in ("goes", "bytes", "stays", "bytes"):
        table.add_column(name, justify="right")
    for each in found.garbage:
        goes = str(len(each.items)) if found.goes(each) else f"{len(each.items)} (waits)"
        place = each.place.removeprefix(f"{root}/")
        cells = (each.kind, place, goes, decimal(each.bytes), str(each.kept), decimal(each.kept_bytes))
        table.add_row(*(Text(cell) for cell in cells))
    return table
