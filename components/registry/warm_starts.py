"""The registered version that a training started from, by the md5 of its model folder."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.errors import IncompleteLineage, LineageError, WithdrawnScenes, WithdrawnStart
from components.lineage.heeding import refuse_family
from components.lineage.record import Parent
from components.lineage.versions import CHAIN_TAG, read_lineage, read_record, versions_of
from components.lineage.warm_starts import WARM_START
from components.lineage.withdrawals import Withdrawal, withdrawn
from components.registry.models import MODELS, RegisteredModel
from components.revisions.home import Home

STARTING_STAGES: Final = tuple(model.kind.starting_stage for model in MODELS)
FOLDER_TAG: Final = "fusar.model_folder"  # md5 of the version's model folder
Withdrawals = Mapping[str, Withdrawal]


def warm_parent(client: MlflowClient, model: RegisteredModel, md5: str, contents: Withdrawals) -> Parent:
    """The version of a model that has this folder.

    Several may have the same bytes, as a scene that is only tested on changes no weight: then the oldest one that no
    withdrawal reached answers for them.

    Args:
        client: of the registry.
        model: whose earlier version it is.
        md5: of the folder, as DVC has it.
        contents: everything that was withdrawn, by md5.

    Raises:
        IncompleteLineage: no registered version has it.
    """
    found = [version for version in reversed(versions_of(client, model.name)) if _folder(client, version) == md5]
    if not found:
        key = f"{model.kind.starting_stage}.{WARM_START}"
        what = f"registered version of {model.name} with the model folder {md5}, which {key} names"
        raise IncompleteLineage(model.name, (f"{what}; `fusar model warm-start` writes those of one",))
    chosen = next((version for version in found if _is_clean(client, version, contents)), found[0])
    return Parent(model=model.name, version=str(chosen.version), chain=chosen.tags[CHAIN_TAG])


def refuse_folders(home: Home, client: MlflowClient, asked: Mapping[str, str | None]) -> None:
    """Refuse, before hours of work, to start from what no registered version has, or from what was withdrawn.

    Args:
        home: of the repository.
        client: of its registry.
        asked: md5 of the folder that each stage shall start from, as far as it shall.

    Raises:
        IncompleteLineage: no registered version has a folder.
        WithdrawnStart: the version that has it was made with withdrawn scenes.
        UnreadableWithdrawals: a withdrawn.csv cannot be read.
        BrokenJournal: an entry of the journal was changed.
    """
    contents = withdrawn(home)
    for model in MODELS:
        md5 = asked.get(model.kind.starting_stage)
        if md5 is None:
            continue
        parent = warm_parent(client, model, md5, contents)
        name = f"{parent.model}/{parent.version}"
        lineage = read_lineage(client, client.get_model_version(parent.model, parent.version))
        try:
            refuse_family(client, name, lineage, contents)
        except WithdrawnScenes as error:
            raise WithdrawnStart(f"{model.kind.starting_stage}.{WARM_START}", name, error.scenes) from error


def _folder(client: MlflowClient, version: ModelVersion) -> str:
    """The md5 of a version's model folder; of a version of before the tag by its record, empty where it has none."""
    if FOLDER_TAG in version.tags:
        return str(version.tags[FOLDER_TAG])
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return read_record(client, version, Path(scratch)).model_folder.md5
        except LineageError:
            return ""


def _is_clean(client: MlflowClient, version: ModelVersion, contents: Withdrawals) -> bool:
    try:
        refuse_family(client, f"{version.name}/{version.version}", read_lineage(client, version), contents)
    except LineageError:
        return False
    return True
