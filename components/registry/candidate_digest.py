"""Exactly which bytes a person has looked at when they approve a version."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.evaluations import EVALUATION_TAG, EVALUATIONS_FOLDER
from components.lineage.versions import VERDICTS_FOLDER, fetch, logged_model_id

# What is written about a version after people could look at it; any other file that comes later makes it another one.
WRITTEN_LATER: Final = (VERDICTS_FOLDER,)


def candidate_digest(client: MlflowClient, version: ModelVersion) -> str:
    """SHA-256 over the files of a version and its newest evaluation; what is written about it later does not count.

    Every byte is read from the store, so that a file that was swapped there is another candidate.

    Raises:
        LineageError: a file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="fusar-approve-") as folder:
        files = {path: _sha256(client, version, path, Path(folder)) for path in _paths(client, version)}
    whole = {"model": str(version.name), "files": files, "evaluation": version.tags.get(EVALUATION_TAG, "")}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _paths(client: MlflowClient, version: ModelVersion, folder: str | None = None) -> Iterator[str]:
    newest = f"{EVALUATIONS_FOLDER}/{version.tags.get(EVALUATION_TAG, '')}"
    for entry in client.list_logged_model_artifacts(logged_model_id(version), folder):
        if entry.path.startswith(f"{EVALUATIONS_FOLDER}/") and entry.path.split("/")[:2] != newest.split("/"):
            continue
        if entry.path.split("/")[0] in WRITTEN_LATER:
            continue
        if entry.is_dir:
            yield from _paths(client, version, entry.path)
        else:
            yield entry.path


def _sha256(client: MlflowClient, version: ModelVersion, path: str, scratch: Path) -> str:
    """Digest of one file, which is on disk only while it is read."""
    local = fetch(client, version, path, scratch)
    with local.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    local.unlink()
    return digest
