"""`fusar model warm-start`: which version's weights a profile's trainings start from."""

from pathlib import Path
from typing import Annotated

import typer


def warm_start(
    version: Annotated[
        str,
        typer.Argument(help="MODEL@ALIAS, MODEL/VERSION or MODEL; by default both champions.", show_default=False),
    ] = "",
    profile: Annotated[str, typer.Option(help="Parameter set: the name of a file in profiles/.")] = "laptop",
    none: Annotated[bool, typer.Option("--none", help="Train anew: take the md5s out of the profile.")] = False,
) -> None:
    """Write the md5s of VERSION's weights into a profile: its trainings then start from them instead of anew.

    Example: fusar model warm-start fusar-gpt@champion --profile laptop
    """
    from components.lineage.versions import open_registry
    from components.registry.starting import ANEW, folders_of, write_start
    from components.registry.warm_starts import refuse_folders
    from components.revisions.git import dirty_files
    from components.revisions.home import find_home

    if none and version:
        raise typer.BadParameter("--none takes no version")
    home, folders = find_home(Path.cwd()), ANEW
    if not none:
        client = open_registry(home.root)
        folders = folders_of(client, version)
        refuse_folders(home, client, folders)
    paths = [path.relative_to(home.root).as_posix() for path in write_start(home.root, profile, folders)]
    for stage, md5 in folders.items():
        typer.echo(f"{stage}.warm_start: {md5 or 'null, it trains anew'}")
    if any(folders.values()):
        typer.echo(f"A warm start needs fewer steps: lower `steps` of pretrain, align and instruct in {paths[0]}.")
    changed = [path for path in paths if path in dirty_files(home.root)]
    what = "train anew" if none else "start warm"
    commit = f"git commit -m '{profile}: {what}' -- {' '.join(changed)} && " if changed else ""
    typer.echo(f"Next: {commit}fusar retrain --profile {profile}")
