"""The files of a version in MLflow's artifact store, wherever that is: read in place or one download at a time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from components.lineage.errors import LineageError
from components.lineage.objects import Digests, digests_of_file
from components.lineage.versions import logged_model_id


class ArtifactFiles:
    """All files that a version has."""

    def __init__(self, client: MlflowClient, version: ModelVersion) -> None:
        """Ask the store what there is.

        Raises:
            LineageError: the store cannot be asked.
        """
        self._client, self._model_id = client, logged_model_id(version)
        try:
            self._location = str(client.get_logged_model(self._model_id).artifact_location).rstrip("/")
            self.paths = frozenset(self._list(None))
        except (MlflowException, OSError) as error:
            raise LineageError(
                f"{version.name}/{version.version}: its files cannot be listed ({error}). Was the store moved?"
            ) from error

    def digests(self, path: str) -> Digests | None:
        """Digests of one file; None where the store has none."""
        if path not in self.paths:
            return None
        if is_local_uri(self._location):
            return digests_of_file(Path(local_file_uri_to_path(self._location)) / path)
        with tempfile.TemporaryDirectory(prefix="fusar-verify-") as scratch:
            uri = f"{self._location}/{path}"
            return digests_of_file(Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch)))

    def _list(self, folder: str | None) -> Iterator[str]:
        for entry in self._client.list_logged_model_artifacts(self._model_id, folder):
            if entry.is_dir:
                yield from self._list(entry.path)
            else:
                yield str(entry.path)
