"""`fusar doctor`: what is wrong with this installation, and how to mend it."""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from components.installation.finding import Examined, Installation

STYLES = {"ok": "green", "info": "cyan", "warning": "yellow", "error": "bold red"}


def doctor(
    mend: Annotated[
        bool,
        typer.Option(
            "--mend",
            help="First mend what is safe to mend: addresses and links after a move (the database is copied before), "
            "leftovers of killed processes.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at environment, repository, stores, ports, locks and disk; say how to mend each finding. Uses no network.

    Exits with 1 if a finding is an error. Where this command itself does not start: python -m components.installation.

    Example: fusar doctor
    """
    from components.installation.examination import examine, has_errors, installation_at

    installation = installation_at(Path.cwd(), os.environ)
    if mend:
        _mend(installation)
    examined = tuple(examine(installation))
    if as_json:
        typer.echo(json.dumps({"root": str(installation.root), "findings": [_entry(one) for one in examined]}))
    else:
        _show(examined)
    if has_errors(examined):
        raise typer.Exit(1)


def _mend(installation: "Installation") -> None:
    from components.installation.mending import mend

    is_done = False
    for sentence in mend(installation):
        print(f"mended: {sentence}", file=sys.stderr)
        is_done = True
    if not is_done:
        print("nothing that can be mended without you", file=sys.stderr)


def _entry(one: "Examined") -> dict[str, str | bool]:
    finding = one.finding
    return {
        "check": one.check,
        "severity": str(finding.severity),
        "message": finding.message,
        "remedy": finding.remedy,
        "is_mendable": finding.is_mendable,
    }


def _show(examined: Sequence["Examined"]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(table_of(examined))
    counted = Counter(str(one.finding.severity) for one in examined)
    typer.echo(", ".join(f"{counted[name]} {name}" for name in STYLES if counted[name]))
    if any(one.finding.is_mendable for one in examined):
        typer.echo("Next: fusar doctor --mend")
    elif counted["error"]:
        typer.echo("Next: mend the errors from the first on, then fusar doctor again")
    else:
        typer.echo("Next: fusar plan")


def table_of(examined: Sequence["Examined"]) -> "Table":
    """Findings as a table; what to do stands below what was found."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("finding", overflow="fold")
    before = ""
    for one in examined:
        severity = str(one.finding.severity)
        said = Text(one.finding.message)  # paths and answers come from elsewhere: as Text, brackets are no markup
        if one.finding.remedy:
            said.append(f"\n-> {one.finding.remedy}", style="bold" if severity in ("warning", "error") else "")
        table.add_row(Text(severity, style=STYLES[severity]), one.check if one.check != before else "", said)
        before = one.check
    return table
