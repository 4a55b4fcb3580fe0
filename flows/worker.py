"""A process worker of one pool: `python -m flows.worker POOL LIMIT`; it waits for the server to have that pool."""

import os
import sys
import time

from flows.server import API_URL
from flows.services import answers

POLL_SECONDS = 0.5


def main() -> None:
    """Wait, then become the worker: it would end at once without a server."""
    pool, limit = sys.argv[1:]
    while not answers(f"{os.environ[API_URL]}/work_pools/{pool}"):
        time.sleep(POLL_SECONDS)
    options = ("--pool", pool, "--name", pool, "--type", "process", "--limit", limit, "--install-policy", "never")
    os.execv(sys.executable, [sys.executable, "-m", "prefect", "worker", "start", *options])


if __name__ == "__main__":
    main()
