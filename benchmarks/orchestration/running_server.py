"""A whole Prefect server, as `prefect server start` makes it, with a home of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.orchestration.errors import NotMeasurable

START_SECONDS = 180.0


@contextmanager
def running_prefect_server(folder: Path) -> Iterator[str]:
    """Address of the API of a server that lives as long as the block.

    Args:
        folder: becomes Prefect's home.

    Raises:
        NotMeasurable: it does not answer in time.
    """
    folder.mkdir(parents=True)
    port = _free_port()
    home = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        environment = {**os.environ, **home, "PREFECT_API_URL": address}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(process, f"{address}/health", folder / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", health: str, log_file: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = time.monotonic()
    while time.monotonic() - started < START_SECONDS and process.poll() is None:
        try:
            with opener.open(health, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise NotMeasurable("Prefect's server does not answer", f"Its log: {log_file.read_text()[-2000:]}")
