"""`fusar retrain`: bring the models up to date with a commit."""

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.plan import FORCE, PROFILE, REVISION

if TYPE_CHECKING:
    from rich.table import Table

    from flows.result import Retrained

DIRTY_FILES_SHOWN = 10
WAIT = typer.Option("--wait", help="Wait for another command that works on the profile, instead of refusing.")


def retrain(
    profile: Annotated[str, PROFILE] = "laptop",
    revision: Annotated[str, REVISION] = "HEAD",
    force: Annotated[list[str] | None, FORCE] = None,
    wait: Annotated[bool, WAIT] = False,
) -> None:
    """Run what is stale of a commit, in a checkout of its own, and register the models that come of it.

    Example: fusar retrain --profile tiny
    """
    from rich.console import Console

    from components.revisions.git import dirty_files, resolve
    from components.revisions.home import find_home

    here = Path.cwd()
    home = find_home(here)
    commit = resolve(here, revision)
    _say_what_is_left_out(dirty_files(here))
    started = time.monotonic()
    retrained = run_retrain(home.root, commit, profile, tuple(force or ()), waits=wait)
    Console().print(table_of(retrained))
    _say_what_was_made(retrained, time.monotonic() - started)


def run_retrain(
    root: Path, commit: str, profile: str, force: tuple[str, ...] = (), *, waits: bool = False
) -> "Retrained":
    """Run the retrain flow, where anything is stale, on a Prefect server that lives for this call; progress on stderr.

    Raises:
        FusarError: something that the user can mend.
        Interrupted: by the keyboard or by SIGTERM.
    """
    from cli.watching import shown_progress
    from components.revisions.home import Home
    from flows.errors import Interrupted
    from flows.listening import watched_by
    from flows.planning import settled
    from flows.server import prefect_server

    # Prefect hands SIGTERM back once the flow has ended its children.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with shown_progress() as listener, watched_by(listener):
            found = None if force else settled(root, commit, profile, waits=waits)
            if found is not None:
                return found
            with prefect_server(Home(root)):
                from flows.retrain import retrain as flow

                retrained: Retrained = flow(root, commit, profile, force, waits)
    except KeyboardInterrupt as error:
        raise Interrupted from error
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return retrained


def table_of(retrained: "Retrained") -> "Table":
    """The stages of a retrain as a table."""
    from rich.table import Table

    table = Table("stage", "outcome")
    table.add_column("seconds", justify="right")
    for stage in retrained.stages:
        table.add_row(stage.name, stage.outcome, f"{stage.seconds:.1f}" if stage.seconds else "")
    return table


def _say_what_is_left_out(paths: tuple[str, ...]) -> None:
    """Files that are not committed are no part of the run; dvc.lock is a result and no part of any commit."""
    left_out = [path for path in paths if path != "dvc.lock"]
    if left_out:
        more = len(left_out) - DIRTY_FILES_SHOWN
        names = ", ".join(left_out[:DIRTY_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        print(f"not part of this run, because not committed: {names}", file=sys.stderr)


def _say_what_was_made(retrained: "Retrained", seconds: float) -> None:
    registration = retrained.registration
    states = {(verdict["model"], verdict["version"]): str(verdict["state"]) for verdict in registration.verdicts}
    if retrained.is_unchanged and not registration.is_new:
        typer.echo(f"Nothing was stale at commit {retrained.commit[:12]}: no run, no new version ({seconds:.0f} s).")
    for version in registration.versions:
        state = states.get((version["model"], version["version"]), "")
        known = "new" if version["is_new"] and registration.is_new else "known"
        typer.echo(f"{version['model']}/{version['version']}  {known}  {state}")
    typer.echo(f"Report: {registration.report}")
    if registration.versions:
        typer.echo(f"Next: fusar lineage show {registration.versions[-1]['model']}@champion")
