"""`fusar ledger`: who was champion when, and why; and whether anybody changed that record."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from components.registry.ledger import Entry, Ledger

app = typer.Typer(help="Who was champion when, and why.", no_args_is_help=True)
ModelArgument = Annotated[str, typer.Argument(help="Registered name; default: every model.", show_default=False)]


@app.callback()
def ledger() -> None:
    """Who was champion when, and why."""


@app.command("show")
def show(
    model: ModelArgument = "",
    at: Annotated[
        str, typer.Option("--at", help="A date or time, UTC unless it says otherwise.", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
) -> None:
    """Print every change of champion: when, by whom, instead of which version, and what the gates said.

    Example: fusar ledger show fusar-gpt --at 2026-11-24T18:00
    """
    opened, models = _open(model)
    entries = {name: [written.entry for written in opened.entries(name)] for name in models}
    if at:
        moment = _moment(at)
        entries = {name: _until(found, moment)[-1:] for name, found in entries.items()}
    if as_json:
        typer.echo(json.dumps({name: [entry.model_dump(mode="json") for entry in entries[name]] for name in models}))
        return
    for name in models:
        _print(name, entries[name], at)
    typer.echo("Next: fusar ledger verify")


@app.command("verify")
def verify(
    model: ModelArgument = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON.")] = False,
) -> None:
    """Name every entry that was edited, removed or put there, and every one whose verdict says otherwise.

    Example: fusar ledger verify
    """
    from components.lineage.versions import open_registry
    from components.registry.examining import faults_of
    from components.revisions.home import find_home

    opened, models = _open(model)
    client = open_registry(find_home(Path.cwd()).root)
    faults = {name: faults_of(client, opened, name) for name in models}
    if as_json:
        found = {name: [vars(fault) for fault in faults[name]] for name in models}
        typer.echo(json.dumps(found))
    else:
        for name in models:
            for fault in faults[name]:
                typer.echo(f"{fault.kind}: {fault}")
            if not faults[name]:
                typer.echo(f"{name}: {len(opened.entries(name))} entries, all whole")
        typer.echo(f"Next: {_next_step({fault.kind for found in faults.values() for fault in found})}")
    if any(faults.values()):
        raise typer.Exit(1)


def _next_step(kinds: Collection[str]) -> str:
    if {"edited", "removed", "inserted"} & set(kinds):
        return "bring the ledger's folder back from a copy of the remote; until then nothing is promoted"
    return "python -m components.registry reconcile --root ." if kinds else "fusar ledger show"


def _open(model: str) -> "tuple[Ledger, list[str]]":
    from components.lineage.journal import journal_url
    from components.registry.ledger import Ledger
    from components.registry.models import MODELS
    from components.revisions.home import find_home

    known = [one.name for one in MODELS]
    if model and model not in known:
        raise typer.BadParameter(f"{model!r}: no such model; one of {', '.join(known)}")
    return Ledger(journal_url(find_home(Path.cwd()).root)), [model] if model else known


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--at {text!r}: is no date or time like 2026-11-24 or 2026-11-24T18:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _until(entries: "Sequence[Entry]", moment: datetime) -> "list[Entry]":
    """Entries of until then; in the ledger's own order, whatever the clocks of its writers said."""
    return [entry for entry in entries if datetime.fromisoformat(entry.at) <= moment]


def _print(model: str, entries: "Sequence[Entry]", at: str) -> None:
    from rich.console import Console

    if not entries:
        typer.echo(f"{model}: no champion {'then' if at else 'yet'}")
        return
    if at:
        typer.echo(f"{model}: champion at {at} was version {entries[-1].version}")
    Console().print(table_of(model, entries))


def table_of(model: str, entries: "Sequence[Entry]") -> "Table":
    """Entries as a table, the oldest first; everything that people wrote is text and no markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table("entry", "champion", title=Text(model))
    table.add_column("from (UTC)", no_wrap=True)
    for name in ("instead of", "by", "why"):
        table.add_column(name)
    for entry in entries:
        who = f"{entry.by}{'' if entry.verified else ' (unverified)'}" if entry.by else "not recorded"
        cells = [str(entry.number), entry.version, _shown(entry.at), entry.replaces or "none", who, _why(entry)]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _shown(at: str) -> str:
    return at[:19].replace("T", " ")


def _why(entry: "Entry") -> str:
    parts = [f"{entry.action}: {entry.reason}" if entry.reason else entry.action]
    parts += [f"passed {len(entry.verdict)} gates"] if entry.verdict else []
    parts += [f"approved by {said['name']}: {said['reason']}" for said in entry.approvals]
    return "; ".join(parts)
