"""`fusar restore`: a repository of its own made of a backup."""

import json
from pathlib import Path
from typing import Annotated

import typer


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="That `fusar backup` has filled.", show_default=False)],
    into: Annotated[Path, typer.Argument(metavar="NEW_FOLDER", help="Does not exist yet.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Make NEW_FOLDER a repository with all that the newest backup in DIR holds; every object is hashed again.

    Example: fusar restore /mnt/backups/fusar fusar-again
    """
    from components.backup.restoring import restore as restore_into

    point = restore_into(folder, into)
    if as_json:
        typer.echo(json.dumps({"at": point.at, "folder": str(into), **point.counts}))
        return
    typer.echo(
        f"{into}: as it was at {point.at}; DVC's default remote is {into}/.fusar/remote, said in .dvc/config.local"
    )
    typer.echo(f"Next: cd {into} && fusar lineage verify")
