"""What a version was found to be worth: each evaluation a folder of its own, none overwritten."""

import tempfile
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from pydantic import ValidationError

from components.lineage.errors import LineageError
from components.lineage.record import Evaluation
from components.lineage.versions import fetch

EVALUATION_TAG: Final = "fusar.evaluation"  # of the version: names the newest folder
EVALUATION_FILE: Final = "evaluation.json"
ITEMS_FILE: Final = "items.parquet"
EVALUATIONS_FOLDER: Final = "evaluations"


def folder_of(evaluation: Evaluation) -> str:
    """The folder of an evaluation inside a version: the md5 of its items names it."""
    return f"{EVALUATIONS_FOLDER}/{evaluation.items.md5}"


def read_evaluation(client: MlflowClient, version: ModelVersion) -> Evaluation:
    """The newest evaluation of a version.

    Raises:
        LineageError: the version has none.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_evaluation(client, version, EVALUATION_FILE, Path(folder))
        try:
            return Evaluation.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError as error:
            name = f"{version.name}/{version.version}"
            raise LineageError(f"{name}: {EVALUATION_FILE} is of another format.") from error


def fetch_evaluation(client: MlflowClient, version: ModelVersion, name: str, into: Path) -> Path:
    """Copy one file of the newest evaluation (items.parquet, report.json, evaluation.json) into a folder.

    Raises:
        LineageError: the version has no such file.
    """
    digest = version.tags.get(EVALUATION_TAG)
    if not digest:
        raise LineageError(
            f"{version.name}/{version.version}: has no tag {EVALUATION_TAG}. Register it with `fusar retrain`."
        )
    return fetch(client, version, f"{EVALUATIONS_FOLDER}/{digest}/{name}", into)
