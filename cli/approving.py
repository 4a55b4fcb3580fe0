"""`fusar promote approve|reject`: a person's word on a candidate, and what comes of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.promote import JsonOption, NumberArgument, VersionArgument

if TYPE_CHECKING:
    from components.registry.approvals import Action, Approval
    from components.registry.verdicts import Verdict

ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever asks later.", show_default=False)]
NameOption = Annotated[
    str,
    typer.Option("--name", help="Who says it, where MLflow has no accounts; marked unverified.", show_default=False),
]


def approve(
    version: VersionArgument,
    reason: ReasonOption,
    number: NumberArgument = "",
    name: NameOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say that VERSION may become champion, exactly as it is now; it is judged again at once.

    Example: fusar promote approve fusar-gpt@challenger --reason "counts checked in ten harbours"
    """
    _say("approve", f"{version}/{number}" if number else version, reason, (name, as_json))


def reject(
    version: VersionArgument,
    reason: ReasonOption,
    number: NumberArgument = "",
    name: NameOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say that VERSION may not become champion; one such word outweighs all approvals until its author approves.

    Example: fusar promote reject fusar-gpt@challenger --reason "takes wind turbines for ships"
    """
    _say("reject", f"{version}/{number}" if number else version, reason, (name, as_json))


def _say(action: "Action", asked: str, reason: str, how: tuple[str, bool]) -> None:
    from components.lineage.versions import open_registry, resolve
    from components.registry import approvals
    from components.revisions.home import find_home
    from flows.candidates import go_on

    home, (name, as_json) = find_home(Path.cwd()), how
    client = open_registry(home.root)
    found = resolve(client, asked)
    person = approvals.who_speaks(home.root, name)
    state = {"approve": approvals.approve, "reject": approvals.reject}[action]
    approval = state(home, client, found, reason, person)
    if not as_json:
        typer.echo(f"{approval.model}/{approval.version} {approval.in_words}, digest {approval.digest[:12]}.")
    verdict = go_on(home, approval)
    if as_json:
        outcome = verdict.as_dict() if verdict is not None else None
        typer.echo(json.dumps({"approval": approval.model_dump(), "verdict": outcome}, default=str))
    else:
        _tell(approval, verdict)


def _tell(approval: "Approval", verdict: "Verdict | None") -> None:
    name = f"{approval.model}/{approval.version}"
    if verdict is None:
        typer.echo("Prefect was told: the deployment promote judges it now.")
        typer.echo(f"Next: fusar promote check {name}")
        return
    from rich.console import Console

    from cli.promote import table_of

    Console().print(table_of(verdict))
    typer.echo(f"{name}: {verdict.state}; the champion is {_champion(verdict)}.")
    waits = verdict.state == "awaiting approval"
    typer.echo(f"Next: fusar promote approve {name}" if waits else f"Next: fusar ledger show {approval.model}")


def _champion(verdict: "Verdict") -> str:
    return verdict.version if verdict.state == "champion" else verdict.champion or "still none"
