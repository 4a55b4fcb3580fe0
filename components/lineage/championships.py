"""When a version was champion, as the ledger beside the remote has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.lineage.errors import BrokenJournal
from components.lineage.journal import Journal, journal_url

LEDGER_FOLDER: Final = "ledger"  # one journal a model


@dataclass(frozen=True)
class Championship:
    """From when to when a version was champion.

    Attributes:
        version: its number.
        since: UTC, ISO 8601.
        until: UTC, ISO 8601; empty while it is champion.
    """

    version: str
    since: str
    until: str


def championships_of(root: Path, model: str) -> tuple[Championship, ...]:
    """All championships of a model, the oldest first.

    Raises:
        BrokenJournal: an entry was changed, or names no version.
    """
    entries = [(line.path, line.content) for line in Journal(journal_url(root), f"{LEDGER_FOLDER}/{model}").lines()]
    begun = [(_text(path, content, "version"), _text(path, content, "at")) for path, content in entries]
    ends = [since for _, since in begun[1:]] + [""]
    return tuple(Championship(*each, until) for each, until in zip(begun, ends, strict=False))


def _text(path: str, content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str):
        raise BrokenJournal(path, f"has no text under {key}")
    return value
