"""`fusar backup`: what cannot be made again is copied into a folder."""

import json
from pathlib import Path
from typing import Annotated

import typer


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="For backups of this repository.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Copy MLflow's database and artifacts, the DVC remote with its journals, the locks and all of git into DIR.

    Asked again with the same DIR, it copies what is new. Prefect's history of flow runs is not among it.

    Example: fusar backup /mnt/backups/fusar
    """
    from components.backup.keeping import back_up
    from components.revisions.home import find_home

    point = back_up(find_home(Path.cwd()), folder)
    if as_json:
        typer.echo(json.dumps({"at": point.at, "folder": str(folder), **point.counts}))
        return
    typer.echo(
        f"{len(point.objects)} objects, {len(point.artifacts)} artifacts and {len(point.files)} files as of {point.at}"
    )
    typer.echo(f"Next: fusar restore {folder} NEW_FOLDER, once, to know that it works")
