"""The receiver of notifications as a process: uvicorn with the limits that a door to the network needs."""

import socket

import uvicorn

from components.arrivals.errors import CannotListen
from flows.triggers.receiver import Receiver, application

_CONNECTIONS = 64
_HEADER_BYTES = 32_768


def listening_socket(host: str, port: int) -> socket.socket:
    """The socket to serve on; 0 is any free port.

    Raises:
        CannotListen: another program has the port, or the address is not of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotListen(f"{host}:{port}", error.strerror or type(error).__name__) from error


def serve(receiver: Receiver, taken: socket.socket) -> None:
    """Serve on a socket until the process is asked to stop."""
    config = uvicorn.Config(
        application(receiver),
        log_config=None,
        access_log=False,  # a line of ours says what came of each delivery
        server_header=False,
        lifespan="off",
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        http="h11",
        timeout_graceful_shutdown=5,
    )
    try:
        uvicorn.Server(config).run(sockets=[taken])
    finally:
        receiver.deliveries.close()
