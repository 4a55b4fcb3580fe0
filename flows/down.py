"""End what `make up` runs, from another terminal: `python -m flows.down`, which is `make down`."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from components.contract.errors import FusarError
from components.revisions.home import Home, find_home
from flows.errors import ServicesFailed
from flows.services import keeper, services_file

END_SECONDS = 60.0
POLL_SECONDS = 0.2


def down(home: Home) -> bool:
    """Whether anything ran; when this returns, nothing does.

    Raises:
        ServicesFailed: the process that keeps the services does not end.
    """
    number = keeper(home)
    if number is None:
        services_file(home).unlink(missing_ok=True)  # kill -9 of the keeper leaves it behind
        return False
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    while keeper(home) == number:
        if time.monotonic() > until:
            raise ServicesFailed(f"process {number} does not end", f"End it with: kill -9 {number}")
        time.sleep(POLL_SECONDS)
    return True


def main() -> None:
    """Exit 0 when nothing runs any more, 1 with one line on stderr otherwise."""
    try:
        print("The services have ended." if down(find_home(Path.cwd())) else "No services were running.")
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
