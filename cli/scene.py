"""`fusar scene`: what becomes of a scene that is in use."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.registry.purging import Purge
    from components.registry.successors import Succession
    from components.registry.withdrawing import Withdrawing

app = typer.Typer(help="A scene that is in use: take it back.", no_args_is_help=True)


@app.callback()
def scene() -> None:
    """A scene that is in use: take it back."""


@app.command()
def withdraw(
    scene: Annotated[str, typer.Argument(help="Id of the scene, or md5 of its backscatter.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why; kept on record for good.", show_default=False)],
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove its bytes from cache, remotes, memo, checkouts.")
    ] = False,
    name: Annotated[str, typer.Option(help="Who withdraws it; by default git's user.name.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Let SCENE be used no more: no retrain with it is registered, no version that it reached is promoted.

    Example: fusar scene withdraw hamburg-c3 --reason 'licence ended'
    """
    from components.lineage.versions import open_registry
    from components.registry.purging import purge as remove
    from components.registry.reached import readable_records
    from components.registry.successors import successions
    from components.registry.withdrawing import Request, withdraw
    from components.revisions.git import dirty_files, user_name
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    client = open_registry(home.root)
    who = name or user_name(home.root)
    done = withdraw(home, client, Request(scene, reason, who))
    champions = successions(home, client, done.all_reached)
    purged = remove(home, readable_records(client), done.contents, who) if purge else None
    if as_json:
        more = {"champions": [asdict(champion) for champion in champions], "purge": asdict(purged) if purged else None}
        typer.echo(json.dumps({**_as_dict(done), **more}))
        return
    _say(done, champions)
    if purged is not None:
        _say_removed(purged)
    changed = [name for name in ("withdrawn.csv", "data.dvc") if name in dirty_files(home.root)]
    commit = (
        f"git add {' '.join(changed)} && git commit -m 'withdraw {done.contents[0].scene_id}' && " if changed else ""
    )
    typer.echo(f"Next: {commit}fusar retrain")


def _as_dict(done: "Withdrawing") -> dict[str, object]:
    return {
        "contents": [asdict(row) for row in done.contents],
        "names": list(done.names),
        "reached": [asdict(reached) for reached in done.reached],
        "unread": [list(unread) for unread in done.unread],
    }


def _say(done: "Withdrawing", champions: "tuple[Succession, ...]") -> None:
    for row in done.contents:
        typer.echo(f"withdrawn  {row.scene_id}  md5 {row.md5}  by {row.name}, {row.time}: {row.reason}")
    if len(done.names) > 1:
        typer.echo(f"the same bytes are known as {', '.join(done.names)}")
    for reached in done.reached:
        typer.echo(f"reached    {reached.model}/{reached.version}: tagged, can no longer be promoted")
    for version, problem in done.unread:
        typer.echo(f"unknown    {version}: {problem}")
    if not done.reached:
        typer.echo("It reached no model version.")
    for champion in champions:
        clean = f"the last clean version is {champion.successor}" if champion.successor else "no version is clean"
        typer.echo(f"champion   {champion.model}/{champion.version} was made with a withdrawn scene; {clean}.")
        typer.echo(f"           {champion.command}")


def _say_removed(purged: "Purge") -> None:
    for removed in purged.removed:
        where = ", ".join(removed.places) or "nowhere: it was gone already"
        typer.echo(f"removed    {', '.join(removed.paths)}  md5 {removed.md5}  from {where}")
    typer.echo(f"forgotten  {purged.memo_entries} entries of the memo")
    for path in purged.shared:
        typer.echo(f"shared     {path}: other scenes have the same bytes, so it stays")
    if purged.kept:
        typer.echo(f"kept       what was made of it and other scenes together: {', '.join(purged.kept)}")
    typer.echo("kept       MLflow's files of versions and runs: their pages and input examples may show a chip of it")
