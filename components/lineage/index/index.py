"""The index of what made which version: derived from MLflow, brought up to date when asked, thrown away at will."""

import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.contract.errors import FusarError
from components.contract.progress import progress
from components.lineage.derived import derived_outputs
from components.lineage.index.changes import add_snapshot, known_snapshot, open_digests
from components.lineage.index.questions import Questions
from components.lineage.index.reading import SceneSet, read_version
from components.lineage.index.tables import SCHEMA, VERSION, connect, dump
from components.lineage.predictions import read_predictions
from components.lineage.versions import CHAIN_TAG, versions_of
from components.revisions.home import Home

FILE: Final = "lineage.db"
_OVERLAP: Final = timedelta(minutes=10)
Key = tuple[str, int]


class Index(Questions):
    """An open index; its questions are in `Questions`."""

    def __init__(self, path: Path) -> None:
        """Open the file, made anew where it is absent, torn or of another version of the tables."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            super().__init__(_open(path))

    def refresh(self, client: MlflowClient) -> int:
        """Add the versions and predictions that MLflow has and the index has not; answer how many versions came.

        Where MLflow has lost one, or has one that is older than the newest known, everything is read anew: the index
        never depends on when it was asked.

        A version whose record cannot be read is listed by `unread`.
        """
        with self._alone():
            found = _registered(client)
            known = self._known()
            if not _follows(known, found):
                self._begin_anew()
                known = {}
            new = {key: version for key, version in found.items() if key not in known}
            with self._connection:  # one transaction: a kill leaves the old content
                # In the order of registration: snapshots are numbered by it.
                order = sorted(new, key=lambda key: _age(key, new[key]))
                for key in progress(order, "index", len(new)) if new else ():
                    self._add_version(client, key, new[key])
                self._add_predictions(client)
            return len(new)

    def rebuild(self, client: MlflowClient) -> int:
        """Forget everything and read it anew from MLflow; answer how many versions there are."""
        with self._alone():
            self._begin_anew()
        return self.refresh(client)

    def dump(self) -> str:
        """Everything that it says, as text; equal for equal content."""
        return dump(self._connection)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _alone(self) -> FileLock:
        return FileLock(self._path.with_suffix(".lock"))

    def _begin_anew(self) -> None:
        self._connection.close()
        _make(self._path)
        self._connection = connect(self._path)

    def _known(self) -> dict[Key, int]:
        tables = "SELECT model, version, created FROM versions UNION SELECT model, version, created FROM unread"
        rows = self._connection.execute(tables)
        return {(model, version): created for model, version, created in rows}

    def _add_version(self, client: MlflowClient, key: Key, version: ModelVersion) -> None:
        try:
            lineage, scenes = read_version(client, version)
        except FusarError as error:  # one bad record must not keep all others from being asked about
            unread = (*key, int(version.creation_timestamp), str(error))
            self._connection.execute("INSERT INTO unread VALUES (?, ?, ?, ?)", unread)
            return
        snapshot = known_snapshot(self._connection, scenes.digest)
        if snapshot is None:
            snapshot = self._add_snapshot(scenes)
        dataset = next((content.md5 for content in lineage.inputs if content.path == "data"), "")
        outputs = json.dumps(derived_outputs(lineage))
        row = (*key, snapshot, int(version.creation_timestamp), lineage.chain, dataset, outputs)
        self._connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        parents = [(*key, parent.model, int(parent.version)) for parent in lineage.parents]
        self._connection.executemany("INSERT INTO parents VALUES (?, ?, ?, ?)", parents)

    def _add_predictions(self, client: MlflowClient) -> None:
        (newest,) = self._connection.execute("SELECT coalesce(max(at), '') FROM predictions").fetchone()
        # Of two that are recorded at once, the older may be there later: the last minutes are asked for again.
        after = (datetime.fromisoformat(newest) - _OVERLAP).isoformat(timespec="milliseconds") if newest else ""
        known = {row[0] for row in self._connection.execute("SELECT run_id FROM predictions WHERE at > ?", (after,))}
        for found in read_predictions(client, after):
            if found.run_id not in known:
                outputs = json.dumps({output.path: output.md5 for output in found.outputs}, sort_keys=True)
                row = (found.run_id, found.model, found.version, found.at, outputs)
                self._connection.execute("INSERT INTO predictions VALUES (?, ?, ?, ?, ?)", row)
                scenes = {(scene.scene_id, scene.md5, found.run_id) for scene in found.scenes}
                self._connection.executemany("INSERT INTO predicted VALUES (?, ?, ?)", sorted(scenes))

    def _add_snapshot(self, scenes: SceneSet) -> int:
        digests, known = set(scenes.digests), open_digests(self._connection)
        added = scenes.contents(digests - known)
        return add_snapshot(self._connection, scenes.digest, len(digests), added, sorted(known - digests))


@contextlib.contextmanager
def open_index(home: Home) -> Iterator[Index]:
    """The index of a repository, `.fusar/lineage.db`, for the block."""
    index = Index(home.state / FILE)
    try:
        yield index
    finally:
        index.close()


def _open(path: Path) -> sqlite3.Connection:
    """A connection to whole tables of this version."""
    connection = sqlite3.connect(path)
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found == VERSION:
            return connect(path)
    except sqlite3.DatabaseError:
        pass  # torn, or no database at all: all of it stands in MLflow too
    connection.close()
    _make(path)
    return connect(path)


def _make(path: Path) -> None:
    """Put a file with empty tables in the place of whatever is there."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".index-") as folder:
        empty = Path(folder) / path.name
        connection = sqlite3.connect(empty)
        connection.executescript(SCHEMA)
        connection.close()
        for leftover in ("-journal", "-wal", "-shm"):  # of a torn file; SQLite would play it into the new one
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        empty.replace(path)


def _registered(client: MlflowClient) -> dict[Key, ModelVersion]:
    models = [str(model.name) for model in client.search_registered_models()]
    versions = [(name, found) for name in models for found in versions_of(client, name)]
    # A store may serve other projects too; what this platform registers carries its chain.
    return {(name, int(found.version)): found for name, found in versions if CHAIN_TAG in found.tags}


def _follows(known: dict[Key, int], found: dict[Key, ModelVersion]) -> bool:
    """Whether what MLflow has is what is known and, after it, something new."""
    if any(key not in found or int(found[key].creation_timestamp) != created for key, created in known.items()):
        return False
    newest = max(((created, *key) for key, created in known.items()), default=(0, "", 0))
    return all(_age(key, version) > newest for key, version in found.items() if key not in known)


def _age(key: Key, version: ModelVersion) -> tuple[int, str, int]:
    return (int(version.creation_timestamp), *key)
