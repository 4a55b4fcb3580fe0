"""`fusar deploy`: make a Prefect server ready for this repository."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.deploying.changes import Change


def deploy(
    check: Annotated[bool, typer.Option(help="Change nothing; exit 1 where something differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")] = False,
) -> None:
    """Make work pools, queues, limits, deployments and automations as prefect.yaml and notifications.yaml say.

    On the server of PREFECT_API_URL, else the one of `make up`. A second run finds nothing to change.

    Example: fusar deploy --check
    """
    import json

    from components.revisions.home import find_home
    from flows.deployments import deploy as make

    changes = make(find_home(Path.cwd()), only_check=check)
    if as_json:
        typer.echo(json.dumps({"changed": not check, "changes": [change.as_dict() for change in changes]}, indent=1))
    else:
        _say(changes, check)
    if check and changes:
        raise typer.Exit(1)


def _say(changes: "tuple[Change, ...]", check: bool) -> None:
    for change in changes:
        typer.echo(str(change))
    if not changes:
        typer.echo("Nothing to change.")
    elif check:
        typer.echo("Next: fusar deploy")
        return
    typer.echo("Next: prefect deployment run retrain/workers --param profile=laptop --watch")
