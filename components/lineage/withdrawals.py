"""Scenes that may no longer be used, whatever commit is checked out, and whose bytes were removed.

A file of a commit alone would forget: an old commit does not have it. So each withdrawal is an entry of a journal too.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from components.lineage.errors import BrokenJournal, UnreadableWithdrawals
from components.lineage.journal import Journal, Line, journal_url
from components.lineage.record import Lineage, Scene
from components.revisions import git
from components.revisions.home import Home

WITHDRAWN_FILE: Final = "withdrawn.csv"
COLUMNS: Final = ("md5", "scene_id", "reason", "name", "time")
FOLDER: Final = "withdrawals"
SCHEMA: Final = 1  # of an entry of the journal; one without it is of the first
WITHDRAWN_TAG: Final = "fusar.withdrawn"
WITHDRAW, PURGE = "withdraw", "purge"  # actions of the journal
MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Withdrawal:
    """One content that may no longer be used.

    Attributes:
        md5: of the backscatter file, as DVC has it: the same bytes under another name are withdrawn too.
        scene_id: the name under which it was withdrawn.
        reason: why.
        name: who withdrew it.
        time: when, UTC, ISO 8601.
        purged_by: who had its bytes removed; empty while they are kept.
        purged_at: when, UTC, ISO 8601; empty while they are kept.
    """

    md5: str
    scene_id: str
    reason: str
    name: str
    time: str
    purged_by: str = ""
    purged_at: str = ""


@dataclass(frozen=True)
class Purged:
    """One object that was removed on purpose from caches and remotes.

    Attributes:
        md5: of its content, as DVC has it.
        path: what it was: a file of `data`, or of an output.
        scene_id: the withdrawn scene that it came of.
        name: who had it removed.
        time: when, UTC, ISO 8601.
    """

    md5: str
    path: str
    scene_id: str
    name: str
    time: str

    def __str__(self) -> str:
        return f"{self.path}: purged on {self.time} by {self.name} with scene {self.scene_id}"


def journal_of(home: Home) -> Journal:
    """The journal of withdrawals and purges, beside the objects of the DVC remote."""
    return Journal(journal_url(home.root), FOLDER)


def withdrawn(home: Home) -> Mapping[str, Withdrawal]:
    """All withdrawn contents by md5: of the default branch, of the commit checked out, and of the journal.

    Raises:
        UnreadableWithdrawals: a withdrawn.csv has other columns or a row without an md5.
        BrokenJournal: an entry was changed.
    """
    found: dict[str, Withdrawal] = {}
    for head in git.default_heads(home.root):
        content = git.blob(home.root, head, WITHDRAWN_FILE)
        for row in parse_withdrawn(content or b"", f"{WITHDRAWN_FILE} of {head}"):
            found.setdefault(row.md5, row)
    purges: dict[str, Mapping[str, Any]] = {}
    for line in journal_of(home).lines():
        if line.content.get("action") == WITHDRAW:
            found[_text(line, "md5")] = Withdrawal(**{name: _text(line, name) for name in COLUMNS})
        elif line.content.get("action") == PURGE:
            purges.setdefault(_text(line, "md5"), line.content)
    for md5 in found.keys() & purges.keys():
        found[md5] = replace(found[md5], purged_by=str(purges[md5]["name"]), purged_at=str(purges[md5]["time"]))
    return found


def purged(home: Home) -> Mapping[str, Purged]:
    """Objects that were removed on purpose, by md5: whoever misses one of them can say so.

    Raises:
        BrokenJournal: an entry was changed.
    """
    found: dict[str, Purged] = {}
    for line in journal_of(home).lines():
        if line.content.get("action") == PURGE:
            scene_id, name, time = (_text(line, key) for key in ("scene_id", "name", "time"))
            for item in line.content.get("objects", ()):
                found.setdefault(item["md5"], Purged(item["md5"], item["path"], scene_id, name, time))
    return found


def reached_by(lineage: Lineage, contents: Mapping[str, Withdrawal]) -> tuple[Scene, ...]:
    """The scenes of a record that were withdrawn, under whatever name they came."""
    if not contents:
        return ()
    return tuple(scene for scene in lineage.scenes if any(file.md5 in contents for file in scene.files))


def parse_withdrawn(content: bytes, source: str) -> tuple[Withdrawal, ...]:
    """The rows of a withdrawn.csv; none where it is empty.

    Args:
        content: CSV in UTF-8 with the columns md5,scene_id,reason,name,time.
        source: what to call it in errors.

    Raises:
        UnreadableWithdrawals: naming the line.
    """
    if not content.strip():
        return ()
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
        columns, rows = reader.fieldnames, list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableWithdrawals(source, "is not CSV in UTF-8") from error
    if tuple(columns or ()) != COLUMNS:
        raise UnreadableWithdrawals(source, f"has the columns {columns}")
    for number, row in enumerate(rows, start=2):
        if not MD5.fullmatch(row["md5"] or ""):
            raise UnreadableWithdrawals(source, f"line {number}: md5 {str(row['md5'])[:40]!r} is not 32 hex digits")
    return tuple(Withdrawal(**{name: row[name] or "" for name in COLUMNS}) for row in rows)


def _text(line: Line, key: str) -> str:
    value = line.content.get(key)
    if not isinstance(value, str):
        raise BrokenJournal(line.path, f"has no text under {key}")
    return value
