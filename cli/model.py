"""`fusar model`: a version's workspace given back, and the version made anew."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="A model version: its workspace, and whether it can be made again.", no_args_is_help=True)
VERSION = typer.Argument(help="MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.", show_default=False)
JSON = typer.Option("--json", help="Print JSON instead of sentences.")


@app.callback()
def model() -> None:
    """A model version: its workspace, and whether it can be made again."""


@app.command()
def checkout(
    version: Annotated[str, VERSION],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Empty, or not there yet.", show_default=False)],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Give back the workspace that made VERSION in DIR: its commit, parameters, lock, data and outputs, all checked.

    Example: fusar model checkout fusar-gpt@champion ../champion
    """
    from components.lineage.versions import open_registry, resolve
    from components.lineage.workspace import give_back
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    client = open_registry(home.root)
    found = resolve(client, version)
    space = give_back(home, client, found, folder)
    if as_json:
        content = {
            "version": f"{found.name}/{found.version}",
            "folder": str(space.folder),
            "commit": space.commit,
            "profile": space.profile,
            "paths": list(space.paths),
            "changed": space.changed,
        }
        typer.echo(json.dumps(content, default=str))
        return
    typer.echo(f"{found.name}/{found.version}: commit {space.commit[:12]}, profile {space.profile}, in {space.folder}")
    typer.echo(f"{len(space.paths)} data folders and outputs, each with the md5 that its lock names")
    typer.echo(f"dvc status: {_changed(space.changed)}")
    typer.echo(f"Next: cd {folder} && dvc dag, or in the repository: git worktree remove --force {space.folder}")


def _changed(changed: dict[str, object]) -> str:
    return f"changed: {', '.join(sorted(changed))}" if changed else "data and pipelines are up to date"
