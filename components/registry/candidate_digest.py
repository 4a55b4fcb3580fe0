"""Exactly which bytes a person has looked at when they approve a version."""

import hashlib
import json
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.lineage.artifact_files import ArtifactFiles
from components.lineage.errors import LineageError
from components.lineage.evaluations import EVALUATION_TAG, EVALUATIONS_FOLDER
from components.lineage.objects import side_by_side
from components.lineage.reproduction import REPRODUCTIONS_FOLDER
from components.lineage.versions import VERDICTS_FOLDER

# What is written about a version after people could look at it; any other file that comes later makes it another one.
WRITTEN_LATER: Final = (VERDICTS_FOLDER, REPRODUCTIONS_FOLDER)


def candidate_digest(client: MlflowClient, version: ModelVersion) -> str:
    """SHA-256 over the files of a version and its newest evaluation; what is written about it later does not count.

    Every byte is read from the store, so that a file that was swapped there is another candidate.

    Raises:
        LineageError: a file cannot be read.
    """
    evaluation = str(version.tags.get(EVALUATION_TAG, ""))
    found = ArtifactFiles(client, version)
    paths = sorted(path for path in found.paths if _is_shown(path, evaluation))
    files = dict(zip(paths, side_by_side(lambda path: _sha256(found, version, path), paths), strict=True))
    whole = {"model": str(version.name), "files": files, "evaluation": evaluation}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _is_shown(path: str, evaluation: str) -> bool:
    folder, _, rest = path.partition("/")
    if folder == EVALUATIONS_FOLDER:
        return rest.startswith(f"{evaluation}/")
    return folder not in WRITTEN_LATER


def _sha256(files: ArtifactFiles, version: ModelVersion, path: str) -> str:
    try:
        digests = files.digests(path)
    except (MlflowException, OSError) as error:
        raise LineageError(f"{version.name}/{version.version}: {path} cannot be read ({error}).") from error
    return digests.sha256 if digests is not None else ""
