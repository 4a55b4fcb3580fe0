"""Call the retrain flow in this process on the Prefect server that PREFECT_API_URL names; print how long it took.

`fusar retrain` answers where nothing is stale before it needs a server: this is the way that a worker takes.
"""

import os
import sys
import time
from pathlib import Path

from components.revisions.home import Home
from flows.server import API_URL, prefect_server


def main() -> None:
    """Run the flow on the repository, the commit and the profile of the command line."""
    root, commit, profile = sys.argv[1:]
    if not os.environ.get(API_URL):
        raise SystemExit(f"{API_URL} is not set: the flow would start a server of its own")
    with prefect_server(Home(Path(root))):
        from flows.retrain import retrain

        started = time.perf_counter()
        retrained = retrain(Path(root), commit, profile)
        seconds = time.perf_counter() - started
        state = _newest_state_on_the_server()
    what = "unchanged" if retrained.is_unchanged else "something ran"
    print(f"call {seconds:.3f} s: {what}, {state} on the server")


def _newest_state_on_the_server() -> str:
    """Proof that the run went through the server, asked once the clock has stopped."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    return str(runs[0].state_name) if runs else "no run"


if __name__ == "__main__":
    main()
