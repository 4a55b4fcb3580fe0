"""What the registered versions need: every object that a question of lineage or a checkout reads."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.contract.errors import FusarError
from components.lineage.manifest import read_manifest
from components.lineage.record import Lineage
from components.lineage.versions import CHAIN_TAG, fetch, read_lineage, versions_of
from components.registry.finishing import unregistered
from components.registry.models import MODELS
from components.retention.errors import CannotTell
from components.revisions.lock import LOCK_FILE, read_lock
from components.tracking.store import EXPERIMENT


def version_md5s(client: MlflowClient) -> Iterator[tuple[str, frozenset[str]]]:
    """Name and md5s of every version, and of files that a registration which was cut short left to be finished.

    Raises:
        CannotTell: the record or the lock of one cannot be read.
    """
    for version in (*_versions(client), *_unfinished(client)):
        name = f"{version.name}/{version.version}"
        try:
            yield name, _md5s(client, version)
        except FusarError as error:
            raise CannotTell(name, str(error)) from error


def _versions(client: MlflowClient) -> Iterator[ModelVersion]:
    models = [str(model.name) for model in client.search_registered_models()]
    # A store may serve other projects too; what this platform registers carries its chain.
    yield from (found for model in models for found in versions_of(client, model) if CHAIN_TAG in found.tags)


def _unfinished(client: MlflowClient) -> Iterator[ModelVersion]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    for model in MODELS if experiment is not None else ():
        for logged in unregistered(client, str(experiment.experiment_id), model.name):
            yield ModelVersion(model.name, f"(files {logged.model_id})", 0, source=f"models:/{logged.model_id}")


def _md5s(client: MlflowClient, version: ModelVersion) -> frozenset[str]:
    lineage = read_lineage(client, version)
    with tempfile.TemporaryDirectory(prefix="fusar-gc-") as scratch:
        entries = read_lock(fetch(client, version, LOCK_FILE, Path(scratch)))
    found = {str(out["md5"]) for entry in entries.values() for out in entry.get("outs", ()) if out.get("md5")}
    found |= {entry.md5 for entry in read_manifest(client, version) if entry.store == "remote"}
    return frozenset(found | _of_record(lineage))


def _of_record(lineage: Lineage) -> set[str]:
    stages = (*lineage.stages, lineage.evaluation.stage)
    contents = [item for stage in stages for item in (*stage.deps, *stage.outs)]
    contents += [*lineage.inputs, lineage.model_folder, lineage.evaluation.items]
    contents += [file for scene in lineage.scenes for file in scene.files]
    return {content.md5 for content in contents if content.md5}
