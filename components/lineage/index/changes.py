"""Bringing a set of scenes into the index: only what differs from the newest snapshot is written."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.lineage.index.tables import OPEN


@dataclass(frozen=True)
class NewContent:
    """A scene as a record has it.

    Attributes:
        scene_id: of its STAC item.
        facts: all else that the record says, `files` included.
    """

    scene_id: str
    facts: Mapping[str, Any]


def snapshot_digest(digests: Iterable[bytes]) -> str:
    """SHA-256 over the digests of a set of scenes, whatever their order."""
    whole = hashlib.sha256()
    for digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


def known_snapshot(connection: sqlite3.Connection, digest: str) -> int | None:
    """Number of the snapshot with these scenes, None where there is none yet."""
    row = connection.execute("SELECT id FROM snapshots WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])


def open_digests(connection: sqlite3.Connection) -> set[bytes]:
    """Digests of the contents that the newest snapshot holds."""
    query = "SELECT digest FROM spans CROSS JOIN contents ON contents.id = content WHERE last = ?"
    return {row[0] for row in connection.execute(query, (OPEN,))}


def add_snapshot(
    connection: sqlite3.Connection,
    digest: str,
    scenes: int,
    added: Iterable[tuple[bytes, NewContent]],
    removed: Iterable[bytes],
) -> int:
    """Number of a new snapshot: the newest one with some contents more and some less; costs what these cost.

    Args:
        connection: in a transaction.
        digest: of the whole set (`snapshot_digest`).
        scenes: in the whole set.
        added: contents with their digests (`scene_table.content_digest`), each once.
        removed: digests of contents that the newest snapshot holds.
    """
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM snapshots").fetchone()
    number = int(newest) + 1
    connection.execute("INSERT INTO snapshots VALUES (?, ?, ?)", (number, digest, scenes))
    for gone in removed:
        _close(connection, gone, int(newest))
    for key, content in added:
        where = (content.scene_id, number, OPEN, _content(connection, key, content))
        connection.execute("INSERT INTO spans VALUES (?, ?, ?, ?)", where)
    return number


def _close(connection: sqlite3.Connection, digest: bytes, newest: int) -> None:
    # Left to itself, SQLite looks through all that the newest snapshot holds.
    query = (
        "UPDATE spans INDEXED BY spans_by_content SET last = ? "
        "WHERE content = (SELECT id FROM contents WHERE digest = ?) AND last = ?"
    )
    connection.execute(query, (newest, digest, OPEN))


def _content(connection: sqlite3.Connection, digest: bytes, content: NewContent) -> int:
    """Its row; a scene that comes back has one already."""
    known = connection.execute("SELECT id FROM contents WHERE digest = ?", (digest,)).fetchone()
    if known is not None:
        return int(known[0])
    facts = json.dumps(content.facts, sort_keys=True, separators=(",", ":"))
    made = connection.execute(
        "INSERT INTO contents (digest, scene_id, facts) VALUES (?, ?, ?)", (digest, content.scene_id, facts)
    ).lastrowid
    assert made is not None
    md5s = {(file["md5"], made) for file in content.facts["files"]}
    connection.executemany("INSERT INTO files VALUES (?, ?)", sorted(md5s))
    return made
