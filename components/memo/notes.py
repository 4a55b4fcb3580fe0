"""A result with a few figures about it in one entry of the memo, so that nobody opens the result to count."""

import json
from collections.abc import Mapping
from typing import Any


def with_notes(notes: Mapping[str, Any], content: bytes) -> bytes:
    """One entry: the notes as a line of JSON, then the result's bytes."""
    return json.dumps(notes, sort_keys=True).encode() + b"\n" + content


def without_notes(entry: bytes) -> tuple[dict[str, Any], bytes]:
    """Notes and bytes of an entry that `with_notes` made."""
    line, _, content = entry.partition(b"\n")
    notes: dict[str, Any] = json.loads(line)
    return notes, content
