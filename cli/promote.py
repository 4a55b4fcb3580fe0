"""`fusar promote`: hold a version against promotion.yaml, make it champion, or go back to an earlier champion."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.table import Table

    from components.registry.promotion import Promoter, Verdict

DEFAULT: Final = "now"
VersionArgument = Annotated[
    str, typer.Argument(help="MODEL/VERSION or MODEL@ALIAS; or MODEL alone.", show_default=False)
]
NumberArgument = Annotated[str, typer.Argument(help="The version, where MODEL stands alone.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class _PromoteGroup(TyperGroup):
    """What is no command's name is a version: `fusar promote VERSION` is `fusar promote now VERSION`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command before a version."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_PromoteGroup,
    help="Who is champion: `fusar promote VERSION` is short for `fusar promote now VERSION`.",
    no_args_is_help=True,
)


@app.callback()
def promote() -> None:
    """Who is champion: `fusar promote VERSION` is short for `fusar promote now VERSION`."""


@app.command(DEFAULT)
def promote_now(version: VersionArgument, number: NumberArgument = "", as_json: JsonOption = False) -> None:
    """Make VERSION champion if it passes every gate of promotion.yaml; otherwise say which it did not pass and why.

    Example: fusar promote fusar-gpt@challenger
    """
    promoter, model, asked = _open(version, number)
    verdict = promoter.promote(model, asked)
    _tell(model)
    _answer(verdict, as_json, f"{model}/{asked} is the champion. Next: fusar lineage show {model}@champion")


@app.command("check")
def check(version: VersionArgument, number: NumberArgument = "", as_json: JsonOption = False) -> None:
    """Say what every gate of promotion.yaml says of VERSION; nothing is written.

    Example: fusar promote check fusar-gpt@challenger
    """
    promoter, model, asked = _open(version, number)
    verdict = promoter.check(model, asked)
    _answer(verdict, as_json, f"{model}/{asked} passes. Next: fusar promote {model}/{asked}")


@app.command("rollback")
def rollback(
    model: Annotated[str, typer.Argument(help="Registered name.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the ledger.", show_default=False)],
    version: Annotated[str, typer.Argument(help="An earlier champion; default: the one before.")] = "",
) -> None:
    """Make an earlier champion of MODEL champion again, by an entry of the ledger that says why.

    Example: fusar promote rollback fusar-gpt --reason "counts ships twice in harbours"
    """
    from components.registry.promotion import Promoter
    from components.revisions.home import find_home

    entry = Promoter(find_home(Path.cwd())).rollback(model, version, reason)
    _tell(model)
    typer.echo(f"{model}/{entry.version} is the champion again, instead of {model}/{entry.replaces}.")
    typer.echo(f"Next: fusar ledger show {model}")


def _tell(model: str) -> None:
    """Tell a Prefect server, where there is one, who is champion now."""
    from components.revisions.home import find_home
    from flows.events import server_of
    from flows.telling import tell_champions

    home = find_home(Path.cwd())
    with server_of(home) as has_server:
        if has_server:
            tell_champions(home, [model])


def _open(version: str, number: str) -> "tuple[Promoter, str, str]":
    from components.lineage.versions import open_registry, resolve
    from components.registry.promotion import Promoter
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    found = resolve(open_registry(home.root), f"{version}/{number}" if number else version)
    return Promoter(home), str(found.name), str(found.version)


def _answer(verdict: "Verdict", as_json: bool, when_passed: str) -> None:
    if as_json:
        typer.echo(json.dumps(verdict.as_dict(), default=str))
    else:
        from rich.console import Console

        Console().print(table_of(verdict))
        typer.echo(when_passed if verdict.passed else _refusal(verdict))
    if not verdict.passed:
        raise typer.Exit(1)


def _refusal(verdict: "Verdict") -> str:
    from components.registry.promotion import AWAITING

    name = f"{verdict.model}/{verdict.version}"
    champion = f"the champion is {verdict.champion or 'still none'}."
    if verdict.state == AWAITING:
        return f"{name} passes all other gates and waits for people; {champion}\nNext: fusar promote approve {name}"
    return f"{name} does not pass; {champion}\nNext: fusar lineage show {name}"


def table_of(verdict: "Verdict") -> "Table":
    """A verdict as a table, one row a gate."""
    from rich.table import Table
    from rich.text import Text

    against = f", compared with version {verdict.champion}" if verdict.champion else ""
    table = Table("gate", "verdict", "because", title=f"{verdict.model}/{verdict.version}{against}")
    for judged in verdict.gates:
        word, style = _word(judged.outcome.passed, judged.outcome.waits_for_people)
        # Reasons quote what came from elsewhere: as Text, brackets in them are no markup.
        table.add_row(judged.gate, Text(word, style=style), Text(judged.outcome.reason))
    return table


def _word(passed: bool, waits_for_people: bool) -> tuple[str, str]:
    if passed:
        return "passed", "green"
    return ("waits", "yellow") if waits_for_people else ("refused", "red")
