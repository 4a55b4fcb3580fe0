"""`fusar plan`: what a retrain would do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from flows.planning import Plan

PROFILE = typer.Option(help="Parameter set: the name of a file in profiles/.")
REVISION = typer.Option(help="Branch, tag or commit to run; files that are not committed are no part of it.")
FORCE = typer.Option(
    help="Stage that runs although nothing has changed; may be given several times.", show_default=False
)


def plan(
    profile: Annotated[str, PROFILE] = "laptop",
    revision: Annotated[str, REVISION] = "HEAD",
    force: Annotated[list[str] | None, FORCE] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say which stages would run, why, and what each cost the last time. Nothing is run.

    Example: fusar plan --profile tiny
    """
    from components.revisions.git import resolve
    from components.revisions.home import find_home
    from flows.planning import plan as ask

    here = Path.cwd()
    found = ask(find_home(here).root, resolve(here, revision), profile, force or ())
    if as_json:
        typer.echo(json.dumps(as_dict(found)))
        return
    from rich.console import Console

    Console().print(table_of(found))
    stale = [stage.name for stage in found.stages if stage.is_stale]
    what = f"{len(stale)} of {len(found.stages)} stages would run" if stale else "Nothing is stale"
    typer.echo(f"{what} at commit {found.commit[:12]} with profile {profile}.")
    if stale:
        typer.echo(f"Next: fusar retrain --profile {profile}")


def as_dict(found: "Plan") -> dict[str, object]:
    """A plan as JSON types."""
    stages = [
        {
            "name": stage.name,
            "is_stale": stage.is_stale,
            "reasons": list(stage.reasons),
            "last_seconds": found.last_seconds.get(stage.name),
        }
        for stage in found.stages
    ]
    return {"commit": found.commit, "profile": found.profile, "stages": stages}


def table_of(found: "Plan") -> "Table":
    """A plan as a table."""
    from rich.table import Table

    table = Table("stage", "would", "because", "last time")
    for stage in found.stages:
        seconds = found.last_seconds.get(stage.name)
        cost = f"{seconds:.0f} s" if seconds is not None else ""
        table.add_row(stage.name, "run" if stage.is_stale else "stay", "\n".join(stage.reasons), cost)
    return table
