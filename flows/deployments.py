"""Work pools and the deployments of prefect.yaml, as often as one likes: `python -m flows.deployments`."""

import os
import sys
from pathlib import Path

PROMOTE = "promote/workers"  # what an event, or the reconciler, starts
PREFECT_FILE = Path(__file__).resolve().parents[1] / "prefect.yaml"
POOLS = {
    "control": "Flows that wait for others; they do no work themselves.",
    "cpu": "Stages that need no GPU.",
    "gpu": "Stages that use a GPU where there is one; one at a time.",
}


def make_pools() -> None:
    """Make the pools that the server does not have."""
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    with get_client(sync_client=True) as client:
        known = {pool.name for pool in client.read_work_pools()}
        for name, description in POOLS.items():
            if name not in known:
                pool = WorkPoolCreate(name=name, type="process", description=description, base_job_template=template)
                client.create_work_pool(pool)


def main() -> None:
    """Make the pools, then become Prefect's own command: the file is in its own format."""
    make_pools()
    options = ("--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_FILE))
    os.execv(sys.executable, [sys.executable, "-m", "prefect", *options])


if __name__ == "__main__":
    main()
