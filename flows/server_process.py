"""Prefect's server on an open socket: `python -P server_process.py DESCRIPTOR`; ends with whoever holds its input."""

import os
import socket
import sys
import threading


def wait_for_the_end_of_the_asker() -> None:
    """Block until the standard input closes, which even kill -9 of the asking process does."""
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    """Serve until the input closes."""
    threading.Thread(target=wait_for_the_end_of_the_asker, daemon=True).start()
    import uvicorn

    config = uvicorn.Config("prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
