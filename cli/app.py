"""`fusar`: how a person asks. Commands import what they need when they run, so that help is quick."""

import sys
from collections.abc import Sequence

import typer

from cli import (
    approving,
    backup,
    data,
    demo,
    deploy,
    doctor,
    gc,
    launch,
    ledger,
    lineage,
    migrate,
    model,
    monitor,
    plan,
    predict,
    promote,
    restore,
    retrain,
    scene,
    warm_start,
    webhook,
    worker,
)
from components.contract.errors import FusarError
from flows.errors import Interrupted

app = typer.Typer(
    name="fusar",
    help="From raw SAR scenes to a champion, and back: what made a model, what a scene reached.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("plan")(plan.plan)
app.command("doctor")(doctor.doctor)
app.command("deploy")(deploy.deploy)
app.command("gc")(gc.gc)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("migrate")(migrate.migrate)
app.command("retrain")(retrain.retrain)
app.command("launch")(launch.launch)
app.command("webhook")(webhook.webhook)
app.command("predict")(predict.predict)
app.command("monitor")(monitor.monitor)
app.add_typer(worker.app, name="worker")
app.add_typer(promote.app, name="promote")
app.add_typer(ledger.app, name="ledger")
promote.app.command("approve")(approving.approve)
promote.app.command("reject")(approving.reject)
app.add_typer(lineage.app, name="lineage")
model.app.command("warm-start")(warm_start.warm_start)
app.add_typer(model.app, name="model")
app.add_typer(data.app, name="data")
app.add_typer(scene.app, name="scene")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command: exit 0 when done, 1 with one line on stderr when it failed, 2 when misused, 130 interrupted."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="fusar")
    except Interrupted as error:
        print(error, file=sys.stderr)
        raise SystemExit(130) from error
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        raise SystemExit(1) from error


def _told(error: Exception) -> FusarError | None:
    """What the user can mend; None where the mistake is ours and keeps its traceback."""
    from components.tracking.refusals import refusal

    return refusal(error) or (error if isinstance(error, FusarError) else None)


if __name__ == "__main__":
    main()
