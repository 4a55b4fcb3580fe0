"""Many scenes at once, on threads of this process or on the workers of a Dask cluster."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dask

from components.contract.progress import progress
from components.ingestion.scenes import Job, Outcome, process_scene

SCHEDULER = "DASK_SCHEDULER_ADDRESS"
_SCENES_PER_THREAD = 8  # in one batch: progress shows between batches, and the last scenes of one leave threads idle


@dataclass(frozen=True)
class _Workers:
    """How many threads there are; scheduler None means the Dask client that is open."""

    threads: int
    scheduler: str | None


def process_all(item_files: list[Path], job: Job) -> list[Outcome]:
    """Process scenes and say what became of each, in the order of `item_files`."""
    outcomes: list[Outcome] = []
    with _workers(job.config.threads) as workers:
        if workers.scheduler is not None:  # threads of this process that have no scene of their own help others decode
            job = replace(job, decoders=max(1, workers.threads // max(1, len(item_files))))
        size = workers.threads * _SCENES_PER_THREAD
        batches = [item_files[start : start + size] for start in range(0, len(item_files), size)]
        for batch in progress(batches, f"cutting {len(item_files)} scenes, batch", len(batches)):
            tasks = [dask.delayed(process_scene, pure=False)(item_file, job) for item_file in batch]
            outcomes.extend(dask.compute(*tasks, scheduler=workers.scheduler, num_workers=workers.threads))
    return outcomes


@contextmanager
def _workers(threads: int) -> Iterator[_Workers]:
    address = os.environ.get(SCHEDULER)
    if not address:
        yield _Workers(threads, "threads")
        return
    from distributed import Client

    with Client(address) as client:
        yield _Workers(max(sum(client.nthreads().values()), 1), None)
