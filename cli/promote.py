"""`fusar promote`: hold a version against promotion.yaml and make it champion."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from components.registry.promotion import Verdict


def promote(
    version: Annotated[str, typer.Argument(help="MODEL/VERSION or MODEL@ALIAS; or MODEL alone.", show_default=False)],
    number: Annotated[str, typer.Argument(help="The version, where MODEL stands alone.", show_default=False)] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what the gates say; nothing is written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Make VERSION champion if it passes every gate of promotion.yaml; otherwise say which it did not pass and why.

    Example: fusar promote fusar-gpt@challenger
    """
    from components.lineage.versions import open_registry, resolve
    from components.registry.promotion import Promoter
    from components.revisions.home import find_home

    root = find_home(Path.cwd()).root
    found = resolve(open_registry(root), f"{version}/{number}" if number else version)
    promoter = Promoter(root)
    judge = promoter.check if check else promoter.promote
    verdict = judge(str(found.name), str(found.version))
    if as_json:
        typer.echo(json.dumps(verdict.as_dict(), default=str))
    else:
        _print(verdict, check)
    if not verdict.passed:
        raise typer.Exit(1)


def _print(verdict: "Verdict", check: bool) -> None:
    from rich.console import Console

    Console().print(table_of(verdict))
    name = f"{verdict.model}/{verdict.version}"
    if not verdict.passed:
        typer.echo(f"{name} does not pass; the champion is {verdict.champion or 'still none'}.")
        typer.echo(f"Next: fusar lineage show {name}")
    elif check:
        typer.echo(f"{name} passes. Next: fusar promote {name}")
    else:
        typer.echo(f"{name} is the champion. Next: fusar lineage show {verdict.model}@champion")


def table_of(verdict: "Verdict") -> "Table":
    """A verdict as a table, one row a gate."""
    from rich.table import Table
    from rich.text import Text

    against = f", compared with version {verdict.champion}" if verdict.champion else ""
    table = Table("gate", "verdict", "because", title=f"{verdict.model}/{verdict.version}{against}")
    for judged in verdict.gates:
        word, style = ("passed", "green") if judged.outcome.passed else ("refused", "red")
        # Reasons quote what came from elsewhere: as Text, brackets in them are no markup.
        table.add_row(judged.gate, Text(word, style=style), Text(judged.outcome.reason))
    return table
