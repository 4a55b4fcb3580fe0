"""Artifacts of Prefect that one run makes once and then changes; their keys are the same in every retrain."""

import json
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from prefect import get_client
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact
from prefect.client.schemas.actions import ArtifactUpdate


def key_of(*words: str) -> str:
    """A key that Prefect takes: lower-case letters, digits and dashes (`progress-tiny-check-chips`)."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


class Progress:
    """A bar."""

    def __init__(self, key: str) -> None:
        """Take the key; nothing is shown yet."""
        self._key = key
        self._id: UUID | None = None

    def show(self, share: float, note: str) -> None:
        """Show a share [0, 1], with a note in Markdown."""
        percent = round(100 * min(max(share, 0.0), 1.0), 1)
        if self._id is None:
            self._id = create_progress_artifact(percent, key=self._key, description=note)
        else:
            _change(self._id, percent, note)


class Table:
    """A table."""

    def __init__(self, key: str) -> None:
        """Take the key; nothing is shown yet."""
        self._key = key
        self._id: UUID | None = None

    def show(self, rows: Sequence[Mapping[str, str]], note: str) -> None:
        """Show rows whose cells are Markdown, with a note in Markdown."""
        content = [dict(row) for row in rows]
        if self._id is None:
            self._id = create_table_artifact(content, key=self._key, description=note)
        else:
            _change(self._id, json.dumps(content), note)


def show_markdown(key: str, text: str, note: str) -> None:
    """Show a text in Markdown."""
    create_markdown_artifact(text, key=key, description=note)


def _change(artifact_id: UUID, content: float | str, note: str) -> None:
    with get_client(sync_client=True) as client:
        client.update_artifact(artifact_id, ArtifactUpdate(data=content, description=note))
