"""Model versions in MLflow's registry, and the files that belong to one."""

import hashlib
import tempfile
from pathlib import Path
from typing import Final

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from pydantic import ValidationError

from components.lineage.errors import LineageError, UnknownVersion
from components.lineage.record import LINEAGE_FILE, Lineage
from components.lineage.scene_table import SCENES_FILE, read_scenes, write_scenes
from components.tracking.store import open_store, tracking_uri

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
CHAIN_TAG: Final = "fusar.chain"
VERDICT_TAG: Final = "fusar.verdict"
VERDICTS_FOLDER: Final = "verdicts"
_MODEL_SCHEME: Final = "models:/"


def open_registry(root: Path) -> MlflowClient:
    """A client of the registry of `root`; also sets MLflow's process-wide uri, which its registry reads by itself."""
    client = open_store(root)
    mlflow.set_tracking_uri(tracking_uri(root))
    mlflow.set_registry_uri(tracking_uri(root))
    return client


def resolve(client: MlflowClient, asked: str) -> ModelVersion:
    """The version that a person means: MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.

    Raises:
        UnknownVersion: there is none.
    """
    name, _, alias = asked.removeprefix(_MODEL_SCHEME).partition("@")
    model, _, number = name.partition("/")
    try:
        if number:
            return client.get_model_version(model, number)
        return client.get_model_version_by_alias(model, alias or CHAMPION)
    except MlflowException as error:
        raise UnknownVersion(asked, _known(client)) from error


def versions_of(client: MlflowClient, model: str) -> list[ModelVersion]:
    """All versions of a model, the newest first; none when the model is not registered."""
    found = client.search_model_versions(f"name = '{model}'")
    return sorted(found, key=lambda version: -int(version.version))


def find_by_chain(client: MlflowClient, model: str, chain: str) -> ModelVersion | None:
    """The oldest version that this chain of work made."""
    found = client.search_model_versions(f"name = '{model}' and tags.`{CHAIN_TAG}` = '{chain}'")
    return min(found, key=lambda version: int(version.version), default=None)


def with_alias(client: MlflowClient, model: str, alias: str) -> ModelVersion | None:
    """The version that carries an alias, None when no version does."""
    try:
        return client.get_model_version_by_alias(model, alias)
    except MlflowException:
        return None


def logged_model_id(version: ModelVersion) -> str:
    """MLflow's id of the files of a version (`m-...`)."""
    return str(version.source).removeprefix(_MODEL_SCHEME)


def fetch(client: MlflowClient, version: ModelVersion, path: str, into: Path) -> Path:
    """Copy a file or folder of a version into the folder `into`; `path` "" takes all of it.

    Raises:
        LineageError: the version has no such file.
    """
    location = client.get_logged_model(logged_model_id(version)).artifact_location.rstrip("/")
    uri = f"{location}/{path}" if path else location
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(into)))
    except (MlflowException, OSError) as error:
        name = f"{version.name}/{version.version}"
        raise LineageError(f"{name}: has no file {path} at {location}. Was the store moved?") from error


def read_lineage(client: MlflowClient, version: ModelVersion) -> Lineage:
    """The record of what made a version, with its scenes.

    Raises:
        LineageError: the version carries none, or one of another format, or not the scenes that it was written with.
    """
    with tempfile.TemporaryDirectory() as folder:
        lineage = read_record(client, version, Path(folder))
        if not lineage.scenes_sha256:
            return lineage
        return lineage.model_copy(update={"scenes": read_scenes(fetch_scenes(client, version, lineage, Path(folder)))})


def read_record(client: MlflowClient, version: ModelVersion, into: Path) -> Lineage:
    """The record alone: without its scenes where they are kept in scenes.parquet.

    Raises:
        LineageError: the version carries none, or one of another format.
    """
    content = fetch(client, version, LINEAGE_FILE, into).read_text(encoding="utf-8")
    try:
        return Lineage.model_validate_json(content)
    except ValidationError as error:
        name = f"{version.name}/{version.version}"
        raise LineageError(f"{name}: {LINEAGE_FILE} is of another format ({error.error_count()} problems).") from error


def fetch_scenes(client: MlflowClient, version: ModelVersion, lineage: Lineage, into: Path) -> Path:
    """scenes.parquet of a version, copied into a folder.

    Raises:
        LineageError: there is none, or not the one that its record names.
    """
    path = fetch(client, version, SCENES_FILE, into)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != lineage.scenes_sha256:
        name = f"{version.name}/{version.version}"
        raise LineageError(f"{name}: {SCENES_FILE} has sha256 {found}, but its record says {lineage.scenes_sha256}.")
    return path


def write_lineage(lineage: Lineage, folder: Path) -> None:
    """Write lineage.json and scenes.parquet, as `read_lineage` reads them."""
    write_scenes(lineage.scenes, folder / SCENES_FILE)
    sha256 = hashlib.sha256((folder / SCENES_FILE).read_bytes()).hexdigest()
    record = lineage.model_copy(update={"schema_version": 2, "scenes": (), "scenes_sha256": sha256})
    (folder / LINEAGE_FILE).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _known(client: MlflowClient) -> tuple[str, ...]:
    names = sorted(model.name for model in client.search_registered_models())
    return tuple(f"{name}/{version.version}" for name in names for version in versions_of(client, name))
