"""Generated snapshots in the index of lineage, by the code that brings registered ones there."""

import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.lineage.generated import Step, digests, scene_table
from components.contract.progress import progress
from components.lineage.index.changes import add_snapshot
from components.lineage.index.reading import SceneSet
from components.lineage.index.tables import SCHEMA, connect

MODEL = "fusar-gpt"


def build(path: Path, steps: Iterable[Step], count: int) -> list[float]:
    """Write an index of one version a step, `count` in all; the seconds that each took to write, commit included.

    Reading a version's record and comparing it with the newest snapshot is measured apart (`registering`): a thousand
    records of a million scenes each would be 100 GB.
    """
    connection = connect(path)
    connection.executescript(SCHEMA)
    seconds: list[float] = []
    for number, step in enumerate(progress(steps, "snapshot", count), start=1):
        table, gone = scene_table(*step.added), digests(*step.removed)
        started = time.perf_counter()
        with connection:
            # Drawn anew for each version: the digest of the whole set is its number here.
            new = SceneSet(table).contents(frozenset(digests(*step.added)))
            snapshot = add_snapshot(connection, str(number), step.scenes, new, gone)
            row = (MODEL, number, snapshot, number, f"chain {number}", f"dataset {number}", "[]")
            connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        seconds.append(time.perf_counter() - started)
    connection.close()
    return seconds
