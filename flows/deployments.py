"""Pools, queues, limits, deployments and automations on a Prefect server, as often as one likes.

`python -m flows.deployments` is what `make up` runs; `fusar deploy` is for people.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from components.contract.errors import FusarError
from components.revisions.checkout import PROFILES_FOLDER
from components.revisions.home import Home, find_home
from flows.errors import NoServer
from flows.events import server_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.deploying.changes import Change
    from flows.deploying.file import PrefectFile
    from flows.deploying.notifications import Notifications

_LOCKED = (401, 403)
PROMOTE = "promote/workers"  # what an event, or the reconciler, starts


def deploy(home: Home, only_check: bool = False) -> tuple["Change", ...]:
    """Make the server equal to prefect.yaml and notifications.yaml, and answer what differed.

    Args:
        home: of the repository.
        only_check: change nothing.

    Raises:
        NoServer: none is set and none runs, or it does not answer.
        FileStore: workers elsewhere would look for a store on their own disk.
        BadDeployFile: a file, or an entry in it, is wrong.
    """
    with _client(home) as client:
        from flows.deploying.file import read_prefect_file
        from flows.deploying.notifications import read_notifications
        from flows.deploying.stores import refuse_file_stores

        file, notifications = read_prefect_file(), read_notifications(home.root)
        refuse_file_stores(home, str(client.api_url))
        changes = []
        for change in _changes(client, home, file, notifications):
            changes.append(change)
            if not only_check:
                change.make()
    return tuple(changes)


def _changes(
    client: "SyncPrefectClient", home: Home, file: "PrefectFile", notifications: "Notifications"
) -> Iterator["Change"]:
    """All differences, each found after those before it were made: an automation needs its deployment's id."""
    from flows.deploying import automations, deployments, pools
    from flows.deploying.notifications import block_changes, telling_automations

    yield from pools.pool_changes(client, file)
    yield from pools.queue_changes(client, file)
    yield from pools.limit_changes(client, file)
    profiles = sorted(path.stem for path in (home.root / PROFILES_FOLDER).glob("*.yaml"))
    yield from deployments.deployment_changes(client, file, profiles)
    yield from block_changes(client, notifications)
    ids = deployments.deployment_ids(client, file)
    told = telling_automations(client, file, notifications)
    yield from automations.automation_changes(client, (*automations.wanted_automations(file, ids), *told))


@contextmanager
def _client(home: Home) -> Iterator["SyncPrefectClient"]:
    with server_of(home) as has_server:
        if not has_server:
            raise NoServer("none is set and none runs")
        from httpx import HTTPStatusError, TransportError
        from prefect import get_client

        try:
            with get_client(sync_client=True) as client:
                yield client
        except TransportError as error:
            raise NoServer(f"it does not answer ({str(error) or type(error).__name__})") from error
        except HTTPStatusError as error:
            if error.response.status_code not in _LOCKED:
                raise
            raise NoServer("it asks for the name and password of PREFECT_API_AUTH_STRING") from error


def main() -> None:
    """Say each change; exit 1 with one line on stderr where something is refused."""
    try:
        changes = deploy(find_home(Path.cwd()))
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    print("\n".join(map(str, changes)) or "nothing to change")


if __name__ == "__main__":
    main()
