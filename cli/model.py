"""`fusar model`: a version's workspace given back, and the version made anew."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.lineage.reproduction import Reproduction

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


@app.command()
def reproduce(version: Annotated[str, VERSION], as_json: Annotated[bool, JSON] = False) -> None:
    """Make VERSION anew without any cache, compare every output, and write the result on the version.

    Exit 0 where all bytes are the same or, on another type of processor, all figures are within tolerance; else 1.

    Example: fusar model reproduce fusar-gpt@champion
    """
    found = run_reproduction(Path.cwd(), version)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        _print(found)
    if found.outcome == "different":
        raise typer.Exit(1)


def run_reproduction(here: Path, version: str) -> "Reproduction":
    """Make a version of the repository that `here` lies in anew; progress on stderr.

    Raises:
        FusarError: something that the user can mend.
        Interrupted: by the keyboard or by SIGTERM.
    """
    from cli.watching import shown_progress
    from components.revisions.home import find_home
    from flows.errors import Interrupted
    from flows.listening import watched_by
    from flows.reproducing import reproduce as make_anew

    home = find_home(here)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with shown_progress() as listener, watched_by(listener):
            found = make_anew(home, version)
    except KeyboardInterrupt as error:
        raise Interrupted from error
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return found


def _print(found: "Reproduction") -> None:
    same = len(found.outputs) - len(found.differing)
    typer.echo(f"{found.version}: {same} of {len(found.outputs)} outputs have the same bytes ({found.seconds:.0f} s).")
    typer.echo(f"Made on: {' and '.join(found.processors) or 'unknown'}. Made anew on: {found.processor}.")
    for output in found.differing:
        typer.echo(f"  {output.path}: {output.registered} registered, {output.anew or 'nothing'} anew")
    for figure in found.moved:
        word = "within" if figure.is_tolerable else "beyond"
        typer.echo(f"  {figure.name}: {figure.registered} to {figure.anew}, {word} {figure.tolerance:.3g}")
    typer.echo(f"Outcome: {found.outcome}; it stands on the version (tag fusar.reproduced).")
    typer.echo(f"Next: fusar lineage {'verify' if found.outcome == 'different' else 'show'} {found.version}")
