"""The baseline of a registered version, brought from MLflow with what comparing needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.errors import LineageError
from components.lineage.record import Lineage
from components.lineage.versions import fetch, open_registry, read_record, resolve
from components.monitoring.answers import SceneAnswers
from components.monitoring.baseline import (
    ANSWERS_FILE,
    GROUND_FILE,
    SCENES_FILE,
    Baseline,
    read_answer_baseline,
    read_scene_baseline,
)
from components.monitoring.errors import NoBaseline, NoParent
from components.revisions.checkout import PARAMS_FILE

_KLIP: Final = "fusar-klip"


@dataclass(frozen=True, eq=False)
class WatchedVersion:
    """A version that new scenes are compared with.

    Attributes:
        name: such as fusar-gpt/3.
        profile: of the retrain that made it.
        commit: that it was made of.
        ingest: parameters of the stage `ingest` that cut its chips.
        baseline: its scenes.
        answers: to its held-out scenes; none of a fusar-klip version.
        klip_folder: its FUSAR-KLIP.
    """

    name: str
    profile: str
    commit: str
    ingest: dict[str, Any]
    baseline: Baseline
    answers: Sequence[SceneAnswers]
    klip_folder: Path


def bring_version(root: Path, asked: str, folder: Path) -> WatchedVersion:
    """MODEL@ALIAS or MODEL/VERSION with its baseline, its files copied into a folder.

    Raises:
        UnknownVersion: the registry has no such version.
        NoBaseline: it was registered before versions kept one.
        NoParent: it does not say which fusar-klip version it starts from.
        LineageError: a file of it is gone.
    """
    client = open_registry(root)
    version = resolve(client, asked)
    record = read_record(client, version, folder)
    klip = version if version.name == _KLIP else _parent(client, version, record)
    for path in (SCENES_FILE, GROUND_FILE):
        _bring(client, klip, path, folder)
    answers: Sequence[SceneAnswers] = ()
    if klip is not version:
        _bring(client, version, ANSWERS_FILE, folder)
        answers = read_answer_baseline(folder)
    params = yaml.safe_load(fetch(client, version, PARAMS_FILE, folder).read_text(encoding="utf-8"))
    weights = PurePosixPath(read_record(client, klip, folder).model_folder.path).name
    return WatchedVersion(
        name=f"{version.name}/{version.version}",
        profile=record.retrain.profile,
        commit=record.retrain.commit,
        ingest=dict(params["ingest"]),
        baseline=read_scene_baseline(folder),
        answers=answers,
        klip_folder=fetch(client, klip, f"artifacts/{weights}", folder),
    )


def _parent(client: MlflowClient, version: ModelVersion, record: Lineage) -> ModelVersion:
    for parent in record.parents:
        if parent.model == _KLIP:
            return resolve(client, f"{_KLIP}/{parent.version}")
    raise NoParent(f"{version.name}/{version.version}")


def _bring(client: MlflowClient, version: ModelVersion, path: str, folder: Path) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(client, version, path, target.parent)
    except LineageError as error:
        raise NoBaseline(f"{version.name}/{version.version}", path) from error
    if not target.is_file():
        raise NoBaseline(f"{version.name}/{version.version}", path)
