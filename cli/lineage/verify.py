"""`fusar lineage verify`: whether every byte that made a version is still there and unchanged."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.lineage.verification import Verification

PROBLEMS_SHOWN = 50


def verify(
    version: Annotated[
        str, typer.Argument(help="MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Read every file that made VERSION, and say which is missing or changed; exit 1 where one is.

    Example: fusar lineage verify fusar-gpt@champion
    """
    from components.lineage.verification import verify as ask
    from components.lineage.versions import open_registry, resolve
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    client = open_registry(home.root)
    found = ask(home, client, resolve(client, version))
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        _print(found)
    if not found.is_whole:
        raise typer.Exit(1)


def _print(found: "Verification") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if found.problems:
        table = Table("what", "file", "", title=Text(found.version))
        for problem in found.problems[:PROBLEMS_SHOWN]:
            # Paths come from elsewhere: as Text, brackets in them are no markup.
            table.add_row(Text(problem.kind, style="red"), Text(problem.path, overflow="fold"), Text(problem.sentence))
        Console().print(table)
        if len(found.problems) > PROBLEMS_SHOWN:
            typer.echo(f"... and {len(found.problems) - PROBLEMS_SHOWN} more (--json)")
    for note in found.notes:
        typer.echo(note)
    typer.echo(f"{found.version}: {found.files} files, {found.bytes / 1e6:.1f} MB read, {_verdict(found)}.")
    typer.echo(f"Next: fusar {'model reproduce' if found.is_whole else 'lineage show'} {found.version}")


def _verdict(found: "Verification") -> str:
    if found.is_whole:
        return "every one is there and unchanged"
    return f"{len(found.problems)} problem{'s' if len(found.problems) > 1 else ''}"
