"""Many scenes at once, on threads of this process or on the workers of a Dask cluster; a model for each of them.

A model answers in a process of its own (`registered.started`), so threads do not wait for each other's Python.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dask

from components.contract.errors import FusarError
from components.contract.progress import progress
from components.inference.batch.collecting import Scene, SetAside
from components.inference.batch.writing import Done, key_of, read_done, write_done, write_scene
from components.inference.errors import ModelFailed
from components.inference.registered import Registered, started
from components.inference.scene import predict_scene
from components.lineage.contents import content_md5

SCHEDULER: Final = "DASK_SCHEDULER_ADDRESS"
_SCENES_PER_THREAD: Final = 4  # in one batch: progress shows between batches


@dataclass(frozen=True)
class Job:
    """What all scenes share.

    Attributes:
        root: main working tree, whose registry holds the version.
        version: MODEL/VERSION.
        model_id: MLflow's id of the version's files.
        folder: where answers go.
        threads: models at once, without a Dask cluster.
    """

    root: Path
    version: str
    model_id: str
    folder: Path
    threads: int


class Models:
    """Models that were started in this process: one for each thread, ended together."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._open = ExitStack()
        self._alone = threading.Lock()

    def of_this_thread(self, job: Job) -> Registered:
        """The model of this thread, started at its first scene."""
        if getattr(self._own, "version", None) != job.version:
            with self._alone:
                self._own.model = self._open.enter_context(started(job.root, job.version))
            self._own.version = job.version
        return self._own.model  # type: ignore[no-any-return]

    def end(self) -> None:
        """End their processes."""
        self._open.close()
        self._own = threading.local()


_MODELS: Final = Models()  # of this process: on a Dask cluster each worker has its own, until it ends


def answer(scene: Scene, job: Job) -> Done | SetAside:
    """Ask about one scene and write its files; one that was answered before is left as it is."""
    md5 = content_md5(scene.path)
    key = key_of(scene, md5, job.model_id)
    known = read_done(job.folder, scene.scene_id)
    if known is not None and known.key == key:
        return known
    try:
        model = _MODELS.of_this_thread(job)
        bands = scene.bands
        found = predict_scene(scene.path, bands, model.answer, model.chips, False)
        outputs = write_scene(scene, found, job.version, job.folder)
    except ModelFailed:  # no scene is at fault; what is answered stays, and the next run goes on
        raise
    except FusarError as error:  # one bad scene must not cost its neighbours
        return SetAside(str(scene.path), str(error))
    done = Done(scene.scene_id, key, md5, len(found), sum(len(chip.boxes) for chip in found), outputs, "")
    write_done(job.folder, done)
    return done


def answer_all(scenes: Sequence[Scene], job: Job) -> list[Done | SetAside]:
    """What became of each scene, in their order."""
    outcomes: list[Done | SetAside] = []
    with _workers(job.threads) as (threads, compute):
        size = threads * _SCENES_PER_THREAD
        batches = [scenes[start : start + size] for start in range(0, len(scenes), size)]
        for batch in progress(batches, f"asking about {len(scenes)} scenes, batch", len(batches)):
            outcomes.extend(compute([dask.delayed(answer, pure=False)(scene, job) for scene in batch]))
    return outcomes


@contextmanager
def _workers(threads: int) -> Iterator[tuple[int, Callable[[list[Any]], tuple[Any, ...]]]]:
    address = os.environ.get(SCHEDULER)
    if address:
        from distributed import Client

        with Client(address) as client:
            yield max(sum(client.nthreads().values()), 1), lambda tasks: dask.compute(*tasks)
        return
    try:
        yield threads, lambda tasks: dask.compute(*tasks, scheduler="threads", num_workers=threads)
    finally:
        _MODELS.end()
