"""One holder at a time among all machines that share a DVC remote: objects beside it, renewed while they are held.

Each taking has a number of its own, and whoever creates the next number has won. The last few numbers stay, so that a
folder listed while others come and go is never read as an empty one; who was slow between looking and creating, and
made a number that was used and removed meanwhile, sees the higher ones and gives it back. No clocks are compared: a
lease has expired once one observer has seen no renewal for its whole length.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final

import fsspec

from components.revisions import objects
from components.revisions.errors import LeaseUnreachable, NoExclusiveCreate
from components.revisions.processes import is_gone, this_process

FOLDER: Final = "leases"
# Longer than a minute without network and one renewal; a successor of a machine that died waits so long.
LEASE_SECONDS: Final = 120.0
_RENEWALS: Final = 3  # in the length of a lease
_KEPT: Final = 8  # older numbers: as many takings would have to pass within one listing for it to miss them all
_POLLS: Final = (0.05, 2.0)  # from the first to the last [s]: a store asks money for each request
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OBJECT: Final = re.compile(r"[1-9][0-9]*\.json")


@dataclass(frozen=True)
class Holding:
    """The content of a lease's object.

    Attributes:
        holder: who has it, in words for people.
        process: the holder's process; one that has ended on the machine of who looks needs no waiting for.
        renewals: how often it was renewed.
        is_released: whether the holder has let go.
    """

    holder: str
    process: str
    renewals: int = 0
    is_released: bool = False


@contextmanager
def lease(
    url: str,
    key: str,
    holder: str,
    seconds: float = LEASE_SECONDS,
    on_wait: Callable[[str], None] = lambda holder: None,
) -> Iterator[None]:
    """Hold `key` for the block, once nobody else does; renewed from a thread while the block runs.

    Args:
        url: folder or fsspec url that all who may hold it share: the DVC remote.
        key: what is held: letters, digits, `.`, `_` and `-`.
        holder: who holds it, in words for people.
        seconds: without a renewal for so long it is taken over [s].
        on_wait: told once of each holder that is waited for.

    Raises:
        LeaseUnreachable: the store answered nothing but errors for `seconds`.
        NoExclusiveCreate: the store would let two hold it.
        ValueError: the key is none.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"no key of a lease: {key!r}")
    held = _Lease(url, key, seconds)
    held.take(holder, on_wait)
    over = threading.Event()
    renewing = threading.Thread(target=held.keep, args=(over,), daemon=True, name=f"lease {key}")
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        held.release()


class _Lease:
    """The objects of one key, and the one of them that is ours."""

    def __init__(self, url: str, key: str, seconds: float) -> None:
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:  # no driver for such addresses
            raise LeaseUnreachable(url, str(error)) from error
        self._folder = f"{root.rstrip('/')}/{FOLDER}/{key}"
        self._url, self._seconds = url, seconds
        self._number, self._holding = 0, Holding("", "")
        self._seen: tuple[bytes, float] = (b"", 0.0)

    def take(self, holder: str, on_wait: Callable[[str], None]) -> None:
        """Wait until nobody holds it, then do."""
        self._holding, waited_for = Holding(holder, this_process()), ""
        answered, (pause, longest) = time.monotonic(), _POLLS
        while True:
            try:
                other = self._take()
                answered = time.monotonic()
            except NoExclusiveCreate:
                raise
            except Exception as error:  # whatever the store's library raises: a network that is cut comes back
                if time.monotonic() - answered > self._seconds:
                    raise LeaseUnreachable(self._url, f"{type(error).__name__}: {error}") from error
                other = None
            else:
                if other is None:
                    return
            if other is not None and other.holder != waited_for:
                waited_for = other.holder
                on_wait(waited_for)
            time.sleep(min(pause, self._seconds / 10))
            pause = min(1.5 * pause, longest)

    def _take(self) -> Holding | None:
        """Create the next number where the newest is free; answer who has it where it is not."""
        while True:
            numbers = self._numbers()
            newest = numbers[-1] if numbers else 0
            if newest:
                try:
                    content = self._files.cat_file(self._path(newest))
                except FileNotFoundError:  # somebody took it meanwhile and removed the older ones
                    continue
                other = Holding(**json.loads(content))
                if not (other.is_released or is_gone(other.process) or self._has_expired(content)):
                    return other
            try:
                objects.create(self._files, self._path(newest + 1), _bytes(self._holding))
            except FileExistsError:
                continue
            if self._numbers()[-1:] > [newest + 1]:
                self._remove(newest + 1)
                continue
            self._number = newest + 1
            for number in numbers[:-_KEPT]:
                self._remove(number)
            return None

    def keep(self, over: threading.Event) -> None:
        """Renew it until `over`; what cannot be renewed now is tried again the next time."""
        while not over.wait(self._seconds / _RENEWALS):
            try:
                if self._numbers()[-1:] > [self._number]:
                    return  # taken over: this machine was cut off for too long
                self._write(replace(self._holding, renewals=self._holding.renewals + 1))
            except Exception:  # whatever the store's library raises
                continue

    def release(self) -> None:
        """Let go; where the store cannot be reached, the lease expires instead."""
        try:
            if not self._numbers()[-1:] > [self._number]:
                self._write(replace(self._holding, is_released=True))
        except Exception:
            return

    def _has_expired(self, content: bytes) -> bool:
        """Whether the newest object has been the same for the whole length of a lease, by this machine's own clock."""
        now = time.monotonic()
        if content != self._seen[0]:
            self._seen = (content, now)
        return now - self._seen[1] > self._seconds

    def _write(self, holding: Holding) -> None:
        objects.replace(self._files, self._path(self._number), _bytes(holding))
        self._holding = holding

    def _remove(self, number: int) -> None:
        try:
            self._files.rm_file(self._path(number))
        except OSError:  # another machine was faster, or it stays: older numbers mean nothing
            return

    def _numbers(self) -> list[int]:
        self._files.invalidate_cache(self._folder)
        try:
            paths = self._files.ls(self._folder, detail=False)
        except FileNotFoundError:
            return []
        names = (str(path).rsplit("/", 1)[-1] for path in paths)
        return sorted(int(name.removesuffix(".json")) for name in names if _OBJECT.fullmatch(name))

    def _path(self, number: int) -> str:
        return f"{self._folder}/{number}.json"


def _bytes(holding: Holding) -> bytes:
    return (json.dumps(asdict(holding), sort_keys=True) + "\n").encode()
