"""One profile, one retrain at a time: who comes second may wait, and shares what the first one came to."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from components.revisions.errors import Busy, JoinedFailed
from components.revisions.home import Home

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Holder:
    """Who holds a profile, as it says in the file that it holds.

    Attributes:
        id: of this one turn.
        work: what it does, the same for all that would do the same; "" where nobody may join.
        failure: why it failed; "" while it runs.
    """

    id: str
    work: str
    failure: str = ""


Wait = Callable[[Holder | None], object]


@contextmanager
def taking_turns(home: Home, profile: str, work: str, wait: Wait | None) -> Iterator[None]:
    """Hold a profile for the block, after whoever holds it now.

    A success of the one before needs no word: everything is up to date then. A failure is told on, so that ten retrains
    of one broken commit do not try it ten times; one that was killed or cancelled has decided nothing.

    Args:
        home: of the repository.
        profile: what is held.
        work: see `Holder`.
        wait: told once of each holder that is waited for; None: nobody waits.

    Raises:
        Busy: another process holds it, and `wait` is None.
        JoinedFailed: the one that was waited for did the same work, and failed.
    """
    joined: set[str] = set()
    with ExitStack() as stack:
        while not _entered(stack, home, profile, wait is not None):
            holder = _read(home.busy_file(profile))
            name = holder.id if holder else ""
            if wait and name not in joined:
                joined.add(name)
                wait(holder)
            time.sleep(POLL_SECONDS)
        file = home.busy_file(profile)
        last = _read(file)
        if last and last.failure and last.work == work != "" and last.id in joined:
            raise JoinedFailed(profile, last.failure)
        me = Holder(uuid.uuid4().hex, work)
        _write(file, me)
        try:
            yield
        except Exception as error:
            _write(file, Holder(me.id, work, str(error)))
            raise
        _write(file, None)


def _entered(stack: ExitStack, home: Home, profile: str, may_wait: bool) -> bool:
    try:
        stack.enter_context(home.busy(profile))
    except Busy:
        if not may_wait:
            raise
        return False
    return True


def _read(file: Path) -> Holder | None:
    """Who wrote the file; None where a kill, or another command, left nothing that can be read."""
    try:
        return Holder(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(file: Path, holder: Holder | None) -> None:
    # In place: a file that replaced this one would not be the one that is held.
    file.write_text(json.dumps(asdict(holder)) if holder else "", encoding="utf-8")
