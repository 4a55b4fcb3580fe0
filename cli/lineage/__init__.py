"""`fusar lineage ...`: what made a version, and what came of a scene; one file a command."""

import typer

from cli.lineage import show

app = typer.Typer(help="What made a model version.", no_args_is_help=True)


@app.callback()
def lineage() -> None:
    """What made a model version."""


app.command("show")(show.show)
