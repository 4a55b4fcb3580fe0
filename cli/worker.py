"""`fusar worker`: take work on a machine of its own."""

from typing import Annotated, Literal

import typer

app = typer.Typer(help="Workers of a fleet.", no_args_is_help=True)


@app.callback()
def worker() -> None:
    """Workers of a fleet."""


@app.command("start")
def start(
    pool: Annotated[Literal["control", "cpu", "gpu"], typer.Argument(help="Pool whose flow runs it takes.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many flow runs it takes at once.")] = 1,
    name: Annotated[str, typer.Option(help="Name in Prefect's page; the pool and the host where it is left out.")] = "",
) -> None:
    """Take flow runs of a pool until Ctrl-C or SIGTERM, on a machine that shares no folder with any other.

    FUSAR_GIT_REMOTE, FUSAR_DVC_REMOTE, PREFECT_API_URL and MLFLOW_TRACKING_URI say where everything is; its clone and
    its cache lie in FUSAR_HOME (~/.local/share/fusar). It runs only commits on a branch of the git remote.

    Example: fusar worker start cpu --limit 2
    """
    from flows.remote_worker import start as become_worker

    become_worker(pool, name, limit)
