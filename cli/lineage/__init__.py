"""`fusar lineage ...`: what made a version, and what came of a scene; one file a command."""

import typer

from cli.lineage import diff, impact, show, verify

app = typer.Typer(help="What made a model version, and what came of a scene.", no_args_is_help=True)


@app.callback()
def lineage() -> None:
    """What made a model version, and what came of a scene."""


app.command("show")(show.show)
app.command("impact")(impact.impact)
app.command("reindex")(impact.reindex)
app.command("verify")(verify.verify)
app.command("diff")(diff.diff)
