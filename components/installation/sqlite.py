"""SQLite files looked at without changing them, and for no longer than agreed."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

BUSY_SECONDS = 1.0


@contextmanager
def read_only(file: Path, seconds: float = 1.5) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write.

    Raises:
        TimeoutError: the block's queries take longer than `seconds`.
        sqlite3.DatabaseError: the file is no database, or is damaged.
    """
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
        deadline = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        try:
            yield connection
        except sqlite3.OperationalError as failure:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{file}: not read in {seconds:.1f} s") from failure
            raise


def damage(file: Path, seconds: float = 1.5) -> str:
    """What SQLite's own quick check finds wrong with a file; empty when nothing is.

    Raises:
        TimeoutError: the file is too large to be checked in that time.
    """
    try:
        with read_only(file, seconds) as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as failure:
        return str(failure)
    return "" if answer == "ok" else answer.replace("\n", " ")
