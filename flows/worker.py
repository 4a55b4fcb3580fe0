"""A process worker of one pool: `python -m flows.worker POOL LIMIT`, which `make up` runs for each."""

import os
import sys
import time

from flows.server import API_URL, PATIENT
from flows.services import answers

POLL_SECONDS = 0.5
GPU_POOL = "gpu"


def worker_command(pool: str, name: str, limit: int) -> list[str]:
    """The command of a process worker.

    Args:
        pool: whose flow runs it takes.
        name: of the worker, in Prefect's page.
        limit: how many flow runs it takes at once.
    """
    options = ("--pool", pool, "--name", name, "--type", "process", "--limit", str(limit), "--install-policy", "never")
    return [sys.executable, "-m", "prefect", "worker", "start", *options]


def variables_of(pool: str) -> dict[str, str]:
    """What the flow runs of a pool need besides their worker's variables; makes limits on the server for its GPUs."""
    if pool != GPU_POOL:
        return {}
    from flows.devices import LIMITS, make_limits

    return {LIMITS: ",".join(make_limits())}


def main() -> None:
    """Wait until the server has the pool, then become its worker: it would end at once without a server."""
    pool, limit = sys.argv[1:]
    while not answers(f"{os.environ[API_URL]}/work_pools/{pool}"):
        time.sleep(POLL_SECONDS)
    command = worker_command(pool, pool, int(limit))
    os.execve(sys.executable, command, {**PATIENT, **os.environ, **variables_of(pool)})


if __name__ == "__main__":
    main()
