"""The questions that the index answers, each by a few rows of one SQLite file."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from components.lineage.errors import UnknownVersion
from components.lineage.index.answers import (
    IndexedPrediction,
    IndexedScene,
    IndexedVersion,
    SceneDifference,
    SceneVersions,
)

_VERSION: Final = "SELECT model, version, chain, dataset FROM versions"
_ALIVE: Final = "first <= {0} AND last >= {0}"
# Spans of the later of two snapshots that began after the earlier one, and of the earlier that ended before the later.
_BEGAN: Final = "first > ? AND first <= ? AND last >= ?"
_ENDED: Final = "last >= ? AND last < ? AND first <= ?"


class Questions:
    """What an open index is asked; nothing is written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection to the index."""
        self._connection = connection

    def versions_of_scene(self, scene: str) -> tuple[SceneVersions, ...]:
        """Every content of a scene that any version was made of, with those versions; by id, or md5 of a file of it.

        The newest content comes first; versions are sorted by model and number. Empty for a scene that made nothing.
        """
        rows = self._connection.execute(
            "SELECT id, scene_id, facts FROM contents WHERE id IN (SELECT content FROM spans WHERE scene_id = ? "
            "UNION SELECT content FROM files WHERE md5 = ?) ORDER BY id DESC",
            (scene, scene),
        ).fetchall()
        return tuple(SceneVersions(_scene(row[1:]), self._versions_of_content(row[0])) for row in rows)

    def versions_of_dataset(self, md5: str) -> tuple[IndexedVersion, ...]:
        """Versions that were made of the data with this md5 (as DVC has it, `.dir` included)."""
        query = f"{_VERSION} WHERE dataset = ? ORDER BY model, version"
        return tuple(map(_version, self._connection.execute(query, (md5,))))

    def version(self, model: str, version: str) -> IndexedVersion:
        """One version.

        Raises:
            UnknownVersion: the index has no such version.
        """
        self._snapshot(model, version)
        query = f"{_VERSION} WHERE model = ? AND version = ?"
        return _version(self._connection.execute(query, (model, int(version))).fetchone())

    def outputs_of(self, model: str, version: str) -> tuple[str, ...]:
        """The md5s of what was made on the way to a version and can be asked about by scene (`derived_outputs`).

        Raises:
            UnknownVersion: the index has no such version.
        """
        self._snapshot(model, version)
        query = "SELECT outputs FROM versions WHERE model = ? AND version = ?"
        return tuple(json.loads(self._connection.execute(query, (model, int(version))).fetchone()[0]))

    def children(self, model: str, version: str) -> tuple[IndexedVersion, ...]:
        """Versions that started from the weights of this one."""
        query = f"{_VERSION} NATURAL JOIN parents WHERE parent_model = ? AND parent_version = ? ORDER BY model, version"
        return tuple(map(_version, self._connection.execute(query, (model, _number(version)))))

    def scene_count(self, model: str, version: str) -> int:
        """How many scenes a version was made of.

        Raises:
            UnknownVersion: the index has no such version.
        """
        snapshot = self._snapshot(model, version)
        (count,) = self._connection.execute("SELECT scenes FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        return int(count)

    def scenes_of(self, model: str, version: str, after: str = "", limit: int = 100) -> tuple[IndexedScene, ...]:
        """A page of the scenes of a version: at most `limit`, by id, behind the id `after`.

        Raises:
            UnknownVersion: the index has no such version.
        """
        alive = _ALIVE.format(self._snapshot(model, version))
        # CROSS JOIN keeps the order: walk the spans by scene id, look each content up.
        query = (
            f"SELECT spans.scene_id, facts FROM spans CROSS JOIN contents ON contents.id = content "
            f"WHERE spans.scene_id > ? AND {alive} ORDER BY spans.scene_id LIMIT ?"
        )
        return tuple(map(_scene, self._connection.execute(query, (after, limit))))

    def difference(self, model: str, first: str, second: str, limit: int = 1000) -> SceneDifference:
        """What scenes the second version of a model has and the first has not, and the other way round.

        Raises:
            UnknownVersion: the index has no such version.
        """
        return self.difference_between((model, first), (model, second), limit)

    def difference_between(self, first: tuple[str, str], second: tuple[str, str], limit: int = 1000) -> SceneDifference:
        """`difference` for versions (model, number) of any two models.

        Raises:
            UnknownVersion: the index has no such version.
        """
        before, after = self._snapshot(*first), self._snapshot(*second)
        earlier, later = min(before, after), max(before, after)
        back = self._back(earlier, later)
        began = self._only(_BEGAN, (earlier, later, later), back, limit)
        ended = self._only(_ENDED, (earlier, later, earlier), back, limit)
        (added, more), (removed, fewer) = (began, ended) if before <= after else (ended, began)
        return SceneDifference(added, removed, more, fewer)

    def unread(self) -> tuple[tuple[str, str], ...]:
        """Versions whose record could not be read (MODEL/VERSION and why): nothing is known of their scenes."""
        rows = self._connection.execute("SELECT model, version, reason FROM unread ORDER BY model, version")
        return tuple((f"{model}/{version}", reason) for model, version, reason in rows)

    def predictions_of_scene(self, scene: str) -> tuple[IndexedPrediction, ...]:
        """Batch predictions that asked about a scene; by id, or md5 of its backscatter."""
        return self._predictions("run_id IN (SELECT run_id FROM predicted WHERE scene_id = ? OR md5 = ?)", scene, scene)

    def predictions_of_version(self, model: str, version: str) -> tuple[IndexedPrediction, ...]:
        """Batch predictions that a version answered."""
        return self._predictions("model = ? AND version = ?", model, _number(version))

    def _predictions(self, where: str, *values: Any) -> tuple[IndexedPrediction, ...]:
        query = f"SELECT run_id, model, version, at, outputs FROM predictions WHERE {where} ORDER BY at, run_id"
        rows = self._connection.execute(query, values)
        return tuple(IndexedPrediction(row[0], row[1], str(row[2]), row[3], json.loads(row[4])) for row in rows)

    def _versions_of_content(self, content: int) -> tuple[IndexedVersion, ...]:
        query = (
            f"{_VERSION} WHERE snapshot IN (SELECT snapshots.id FROM spans JOIN snapshots "
            "ON snapshots.id BETWEEN first AND last WHERE content = ?) ORDER BY model, version"
        )
        return tuple(map(_version, self._connection.execute(query, (content,))))

    def _snapshot(self, model: str, version: str) -> int:
        query = "SELECT snapshot FROM versions WHERE model = ? AND version = ?"
        row = self._connection.execute(query, (model, _number(version))).fetchone()
        if row is None:
            known = self._connection.execute("SELECT model, version FROM versions ORDER BY model, version")
            raise UnknownVersion(f"{model}/{version}", tuple(f"{name}/{number}" for name, number in known))
        return int(row[0])

    def _back(self, earlier: int, later: int) -> set[int]:
        """Contents that were gone in between and came back: both snapshots hold them, by two spans."""
        query = (
            "SELECT began.content FROM spans AS began CROSS JOIN spans AS ended ON ended.content = began.content "
            "AND ended.first <= ? AND ended.last >= ? AND ended.last < ? "
            "WHERE began.first > ? AND began.first <= ? AND began.last >= ?"
        )
        values = (earlier, earlier, later, earlier, later, later)
        return {content for (content,) in self._connection.execute(query, values)}

    def _only(
        self, where: str, values: tuple[int, ...], back: set[int], limit: int
    ) -> tuple[tuple[IndexedScene, ...], int]:
        """Contents that one of two snapshots holds alone, the first by scene id, and how many they are in all.

        Costs what changed between the two. SQLite sorts only what is shown: as objects, a hundred thousand scenes would
        take half a second.
        """
        (count,) = self._connection.execute(f"SELECT count(*) FROM spans WHERE {where}", values).fetchone()
        query = f"SELECT content FROM spans WHERE {where} ORDER BY scene_id, content LIMIT ?"
        found = self._connection.execute(query, (*values, limit + len(back)))
        shown = [content for (content,) in found if content not in back][:limit]
        facts = "SELECT scene_id, facts FROM contents WHERE id = ?"
        scenes = tuple(_scene(self._connection.execute(facts, (content,)).fetchone()) for content in shown)
        return scenes, count - len(back)


def _scene(row: Iterable[Any]) -> IndexedScene:
    scene_id, facts = row
    return IndexedScene(scene_id, json.loads(facts))


def _version(row: Iterable[Any]) -> IndexedVersion:
    model, version, chain, dataset = row
    return IndexedVersion(model, str(version), chain, dataset)


def _number(version: str) -> int:
    return int(version) if version.isdigit() else -1
