"""MLflow's own way to the same answer: every scene logged as a dataset input of the run that made a version."""

import contextlib
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput

from benchmarks.lineage.asking import milliseconds
from benchmarks.lineage.generated import Step, digests, history, md5
from benchmarks.lineage.indexed import build
from components.lineage.index.questions import Questions

SCENES, VERSIONS, CHANGES = 640, 40, 20  # some 20,000 edges: a size that MLflow can hold
ROUNDS = 9


class MlflowEdges:
    """A new MLflow store on SQLite that holds an edge for each scene of each version."""

    def __init__(self, folder: Path, versions: Sequence[Sequence[bytes]]) -> None:
        """Log one run for each version, its scenes (by digest) as dataset inputs."""
        self._client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        self._experiment = self._client.create_experiment("edges", artifact_location=str(folder / "artifacts"))
        for contents in versions:
            run = self._client.create_run(self._experiment)
            names = [content.hex() for content in contents]
            self._client.log_inputs(
                run.info.run_id, [DatasetInput(Dataset(each, each, "local", each)) for each in names]
            )

    def versions_of_scene(self, content: bytes) -> int:
        """How many runs had a scene as input."""
        found = self._client.search_runs([self._experiment], f"dataset.digest = '{content.hex()}'", max_results=1000)
        return len(found)


def compare(folder: Path) -> dict[str, Any]:
    """The same question about the same scenes, of MLflow's search and of the index, in turn, at equal edges."""
    steps = list(history(SCENES, VERSIONS, CHANGES))
    build(folder / "equal.db", steps, len(steps))
    snapshots = list(_snapshots(steps))
    started = time.perf_counter()
    mlflow = MlflowEdges(folder, snapshots)
    logging_s = time.perf_counter() - started
    theirs, ours = list[float](), list[float]()
    with contextlib.closing(sqlite3.connect(folder / "equal.db")) as connection:
        questions = Questions(connection)
        for number in random.Random(2).sample(range(SCENES * 9 // 10), ROUNDS + 1):
            content = next(found for found in snapshots[0] if int.from_bytes(found[:8], "big") == number)
            theirs.append(milliseconds(partial(mlflow.versions_of_scene, content)))
            ours.append(milliseconds(partial(questions.versions_of_scene, md5(number, 1))))
            (answer,) = questions.versions_of_scene(md5(number, 1))
            if len(answer.versions) != mlflow.versions_of_scene(content):
                raise AssertionError(f"{number}: MLflow and the index do not agree; nothing is compared")
    return {
        "edges": sum(map(len, snapshots)),
        "mlflow_logging_s": logging_s,
        "mlflow_ms": theirs[1:],  # the first one warms up
        "index_ms": ours[1:],
        "ratio": statistics.median(theirs[1:]) / statistics.median(ours[1:]),
    }


def _snapshots(steps: Sequence[Step]) -> Iterator[list[bytes]]:
    alive: set[bytes] = set()
    for step in steps:
        alive = (alive - set(digests(*step.removed))) | set(digests(*step.added))
        yield sorted(alive)
