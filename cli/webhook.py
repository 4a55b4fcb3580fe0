"""`fusar webhook`: hear from the forge that somebody pushed."""

from pathlib import Path
from typing import Annotated

import typer

HOST = typer.Option(
    help="Address to listen on; put a proxy that speaks HTTPS in front of any other than this machine's."
)
PORT = typer.Option(help="Port to listen on; 0: any that is free.", min=0, max=65535)
BRANCH = typer.Option(help="The branch whose pushes are told.")


def webhook(
    branch: Annotated[str, BRANCH] = "main",
    host: Annotated[str, HOST] = "127.0.0.1",
    port: Annotated[int, PORT] = 8787,
) -> None:
    """Turn signed push notifications of GitHub, Gitea or GitLab into Prefect events, which have `watch` look at once.

    Example: fusar webhook --branch main
    """
    import logging

    from components.arrivals.notifications import read_secret
    from components.arrivals.seen import Deliveries
    from components.revisions.home import find_home
    from flows.triggers.receiver import Receiver
    from flows.triggers.serving import listening_socket, serve

    home, secret = find_home(Path.cwd()), read_secret()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with listening_socket(host, port) as taken:
        address = f"http://{host}:{taken.getsockname()[1]}/git"
        typer.echo(
            f"Listening for pushes to {branch} at {address}\nNext: add this address to the repository's webhooks"
        )
        serve(Receiver(home, branch, secret, Deliveries(home.state / "webhook")), taken)
