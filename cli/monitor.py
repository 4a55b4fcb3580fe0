"""`fusar monitor`: whether new scenes, or a model's answers to them, still look like those that made it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from flows.drift import Seen

_MOST_ROWS = 12


def monitor(
    scenes: Annotated[
        Path | None,
        typer.Option(help="Data folder of new scenes (items/, scenes/ ...).", exists=True, file_okay=False),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Folder that `fusar predict` wrote.", exists=True, file_okay=False)
    ] = None,
    model: Annotated[str, typer.Option(help="Registered model: NAME@ALIAS or NAME/VERSION.")] = "fusar-gpt@champion",
    html: Annotated[Path | None, typer.Option(help="Page with plots to write.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare new scenes, or answers to them, with those that made a version: has anything drifted?

    The units of every test are scenes, and all tests share one level (monitoring.yaml). Nothing is retrained: the
    deployment `monitor` does the same on a Prefect server and starts a retrain with the new scenes in it.

    Example: fusar monitor --scenes incoming --html drift.html
    """
    from components.revisions.home import find_home
    from flows.drift import Request, look

    seen = look(find_home(Path.cwd()), Request(model, scenes, predictions))
    if html:
        from components.monitoring.page import write_drift_page

        subtitle = Request(model, scenes, predictions).in_words
        write_drift_page(seen.watched, subtitle, seen.set_aside, html)
    if as_json:
        typer.echo(json.dumps(seen.summary()))
        return
    _show(seen, scenes, html)


def _show(seen: "Seen", scenes: Path | None, html: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text

    drift, console = seen.watched.drift, Console()
    console.print(_table(seen))
    for line in drift.in_words():
        console.print(Text(f"drift: {line}"))
    for file, reason in seen.set_aside:
        console.print(Text(f"set aside: {file}: {reason}"))
    what = f"{len(seen.scenes)} new scenes beside {seen.watched.version.name}"
    found = f"{len(drift.in_words())} differences" if drift.is_found else "nothing has drifted"
    console.print(Text(f"{what}: {found}; not compared for want of scenes: {len(drift.untested)}."))
    if html:
        typer.echo(f"Next: open {html}")
    elif drift.is_found and scenes:
        typer.echo(f"Next: prefect deployment run monitor/workers --param scenes={scenes}")
    else:
        typer.echo("Next: fusar monitor --html drift.html")


def _table(seen: "Seen") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("test", "baseline", "new", "shift", "p, corrected", "")
    for found in seen.watched.drift.findings[:_MOST_ROWS]:
        entry = found.entry()
        shift = "" if entry["shift"] is None else f"{entry['shift']:+.2f}"
        verdict = "drift" if found.corrected <= seen.watched.drift.level else ""
        table.add_row(Text(found.subject), str(found.old), str(found.new), shift, f"{found.corrected:.2g}", verdict)
    return table
