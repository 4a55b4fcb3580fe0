"""The second half of a registration: from files that MLflow keeps whole to a version that says what it is.

Every write here can be repeated, and everything that it needs lies with the files: so whoever finds a registration that
a kill has cut in two can finish it, on any machine.
"""

import json
import tempfile
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from components.lineage.assembly import REPORT
from components.lineage.evaluations import fetch_evaluation, read_evaluation
from components.lineage.versions import CHAIN_TAG, logged_model_id, read_lineage
from components.registry.card import model_card, version_card
from components.registry.card_licence import LICENSE
from components.registry.costs import costs_of
from components.registry.models import MODELS, RegisteredModel
from components.registry.packaging import SIGNATURES
from components.revisions import git
from components.revisions.errors import RevisionError
from components.revisions.home import Home

COMMIT_TAG: Final = "fusar.commit"
READY, PENDING, FAILED = "READY", "PENDING", "FAILED"
_OURS: Final = "fusar."
_MODEL_TAGS: Final = {"fusar.domain": "synthetic aperture radar", "fusar.license": LICENSE}


def logged_models(client: MlflowClient, experiment: str, model: str, chain: str = "") -> tuple[LoggedModel, ...]:
    """Every set of files that registrations of a model have begun, the oldest first; of one chain where it is given."""
    narrowed = f" AND tags.`{CHAIN_TAG}` = '{chain}'" if chain else ""
    found: list[LoggedModel] = []
    token = None
    while True:
        page = client.search_logged_models([experiment], f"name = '{model}'{narrowed}", page_token=token)
        found += page
        token = page.token
        if not token:
            return tuple(sorted(found, key=lambda logged: (logged.creation_timestamp, logged.model_id)))


def unregistered(client: MlflowClient, experiment: str, model: str, chain: str = "") -> tuple[LoggedModel, ...]:
    """Whole files that no version was made of yet; files of a version that somebody deleted are not among them."""
    files = logged_models(client, experiment, model, chain)
    ready = [logged for logged in files if logged.status == READY and MLFLOW_MODEL_VERSIONS not in logged.tags]
    if not ready:
        return ()
    known = {logged_model_id(version) for version in client.search_model_versions(f"name = '{model}'")}
    return tuple(logged for logged in ready if logged.model_id not in known)


def finish(home: Home, client: MlflowClient, logged: LoggedModel) -> ModelVersion:
    """Make the version of whole files, in the order: model, version with its tags, card, hold on its commit."""
    model = _model(str(logged.name))
    _describe_model(client, model)
    version = client.create_model_version(
        model.name,
        source=f"models:/{logged.model_id}",
        run_id=logged.source_run_id,
        tags=_own_tags(logged),
        model_id=logged.model_id,
    )
    complete(home, client, version, logged)
    return client.get_model_version(model.name, str(version.version))


def complete(home: Home, client: MlflowClient, version: ModelVersion, logged: LoggedModel) -> tuple[str, ...]:
    """Write what a version lacks of its tags, its card, the word on its files and the hold on its commit.

    Returns:
        What was written, in words; nothing for a whole version.
    """
    model, number = str(version.name), str(version.version)
    absent = {name: value for name, value in _own_tags(logged).items() if name not in version.tags}
    for name, value in sorted(absent.items()):
        client.set_model_version_tag(model, number, name, value)
    done = [f"tags {', '.join(sorted(absent))}"] if absent else []
    if not version.description:
        describe(client, client.get_model_version(model, number))
        done.append("card")
    if MLFLOW_MODEL_VERSIONS not in logged.tags:
        # A tracking server writes this itself; MLflow's pages of the files name the version by it.
        told = json.dumps([{"name": model, "version": number}])
        client.set_logged_model_tags(logged.model_id, {MLFLOW_MODEL_VERSIONS: told})
        done.append("number on its files")
    return (*done, *_hold(home, model, number, logged.tags.get(COMMIT_TAG, "")))


def describe(client: MlflowClient, version: ModelVersion) -> ModelVersion:
    """Write a version's card, which needs its number, from its record and its newest evaluation."""
    model, number = _model(str(version.name)), str(version.version)
    experiment = client.get_logged_model(logged_model_id(version)).experiment_id
    lineage = read_lineage(client, version).model_copy(update={"evaluation": read_evaluation(client, version)})
    with tempfile.TemporaryDirectory(prefix="fusar-register-") as scratch:
        report = fetch_evaluation(client, version, Path(REPORT).name, Path(scratch))
        card = version_card(model, lineage, number, report, str(experiment), costs_of(client, lineage))
    return client.update_model_version(model.name, number, card)


def _describe_model(client: MlflowClient, model: RegisteredModel) -> None:
    card = model_card(model, SIGNATURES[model.name])
    try:
        client.create_registered_model(model.name, tags=_MODEL_TAGS, description=card)
    except MlflowException:  # it exists already; any other failure shows here
        if client.get_registered_model(model.name).description != card:
            client.update_registered_model(model.name, card)


def _hold(home: Home, model: str, number: str, commit: str) -> tuple[str, ...]:
    """Keep the commit of a version from being forgotten, where this clone knows it and does not hold it yet."""
    if _is_known(home, f"refs/fusar/{model}/{number}") or not _is_known(home, commit):
        return ()
    git.hold(home.root, commit, model, number)
    return ("hold on its commit",)


def _is_known(home: Home, revision: str) -> bool:
    try:
        git.resolve(home.root, revision)
    except RevisionError:
        return False
    return True


def _own_tags(logged: LoggedModel) -> dict[str, str]:
    return {name: value for name, value in logged.tags.items() if name.startswith(_OURS)}


def _model(name: str) -> RegisteredModel:
    return next(model for model in MODELS if model.name == name)
