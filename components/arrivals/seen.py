"""Which deliveries were taken already, kept over restarts."""

from collections.abc import Sequence
from pathlib import Path

from diskcache import Cache, JSONDisk

from components.arrivals.notifications import OLDEST_S


class Deliveries:
    """Marks of deliveries on disk; each is forgotten once its delivery would be refused for its age alone."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, or make it."""
        self._cache = Cache(str(folder), disk=JSONDisk)  # JSON: nothing in it is ever unpickled

    def take(self, marks: Sequence[str]) -> bool:
        """Note the marks; false where one of them was noted before, by whichever process."""
        # All are tried: one that is new is noted even if another was known.
        return all([self._cache.add(mark, 1, expire=2 * OLDEST_S) for mark in marks])

    def give_back(self, marks: Sequence[str]) -> None:
        """Forget them: the delivery could not be acted upon, and the forge may send it again."""
        for mark in marks:
            self._cache.delete(mark)

    def close(self) -> None:
        """Close the files."""
        self._cache.close()
