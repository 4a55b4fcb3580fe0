"""The tables of the index: one row for each content of a scene and span of snapshots that held it, not for each edge.

A snapshot is a set of scenes; versions of equal sets share one. Snapshots are numbered in the order of registration,
and a span says from which to which of them a content belonged. A thousand versions of a million scenes are a million
spans and what changed, where edges would be a billion.
"""

import sqlite3
from pathlib import Path
from typing import Final

VERSION: Final = 2  # of these tables; a file of another one is made anew
SCHEMA: Final = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    scenes INTEGER NOT NULL
);
CREATE TABLE versions (
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    snapshot INTEGER NOT NULL REFERENCES snapshots,
    created INTEGER NOT NULL,
    chain TEXT NOT NULL,
    dataset TEXT NOT NULL,
    outputs TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;
CREATE INDEX versions_by_snapshot ON versions (snapshot);
CREATE INDEX versions_by_dataset ON versions (dataset);
CREATE TABLE unread (
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;
CREATE TABLE parents (
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    parent_model TEXT NOT NULL,
    parent_version INTEGER NOT NULL,
    PRIMARY KEY (parent_model, parent_version, model, version)
) WITHOUT ROWID;
CREATE TABLE contents (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    scene_id TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE TABLE spans (
    scene_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES contents,
    PRIMARY KEY (scene_id, first, last, content)
) WITHOUT ROWID;
CREATE INDEX spans_by_content ON spans (content, first, last);
CREATE INDEX spans_by_first ON spans (first, last, content);
CREATE INDEX spans_by_last ON spans (last, first, content);
CREATE TABLE files (
    md5 TEXT NOT NULL,
    content INTEGER NOT NULL REFERENCES contents,
    PRIMARY KEY (md5, content)
) WITHOUT ROWID;
CREATE TABLE predictions (
    run_id TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    at TEXT NOT NULL,
    outputs TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX predictions_by_version ON predictions (model, version);
CREATE TABLE predicted (
    scene_id TEXT NOT NULL,
    md5 TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES predictions,
    PRIMARY KEY (scene_id, md5, run_id)
) WITHOUT ROWID;
CREATE INDEX predicted_by_md5 ON predicted (md5, run_id);
"""
OPEN: Final = 1 << 62  # `last` of a span that the newest snapshot still holds
_ORDER: Final = {
    "snapshots": "id",
    "versions": "model, version",
    "unread": "model, version",
    "parents": "model, version, parent_model, parent_version",
    "spans": "scene_id, first, last",
    "files": "md5, digest",
    "predictions": "run_id",
    "predicted": "scene_id, md5, run_id",
}
_CACHE_KIB: Final = 256 * 1024  # at most; with SQLite's 2 MB a first million of scenes would be read over and over


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the file of an index."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def dump(connection: sqlite3.Connection) -> str:
    """Everything that the index says, in an order that does not depend on how it came to know it."""
    lines: list[str] = []
    for table, order in _ORDER.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "content"]
        source = table
        if table in ("spans", "files"):  # ids of contents are ours alone; their digests are not
            source = f"{table} JOIN contents ON contents.id = {table}.content"
            columns = [f"{table}.{name}" for name in columns] + ["hex(digest) AS digest", "facts"]
            order = order.replace("scene_id", "spans.scene_id")
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {source} ORDER BY {order}")
        lines += [f"{table} {row}" for row in rows]
    return "\n".join(lines) + "\n"
