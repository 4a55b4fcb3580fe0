"""A record is complete, or it says in words what it lacks."""

from typing import Any

import pytest

from components.lineage.record import Content, Lineage, made_by_hand, missing_parts
from tests.components.lineage.records import record, scene, stage


def test_a_complete_record_lacks_nothing_and_survives_its_own_json() -> None:
    whole = record()
    assert missing_parts(whole) == ()
    assert made_by_hand(whole) == ()
    assert Lineage.model_validate_json(whole.model_dump_json()) == whole


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"parents": ()}, "parent version of fusar-klip"),
        ({"verdicts": ()}, "validation verdicts"),
        ({"scenes": ()}, "scenes"),
        ({"metrics": {}}, "evaluation metrics"),
        ({"base_model": ""}, "base model"),
        ({"inputs": (Content(path="data", md5=""),)}, "md5 of data"),
        ({"items_md5": ""}, "md5 of outputs/evaluate/items.parquet"),
        ({"scenes": (scene("a", "p").model_copy(update={"files": ()}),)}, "files of scene a in data"),
        ({"retrain": record().retrain.model_copy(update={"flow_run_id": ""})}, "flow run"),
        ({"retrain": record().retrain.model_copy(update={"requirements_sha256": ""})}, "SHA-256 of requirements.lock"),
        ({"retrain": record().retrain.model_copy(update={"commit": ""})}, "git commit"),
        ({"retrain": record().retrain.model_copy(update={"profile": ""})}, "profile"),
        ({"retrain": record().retrain.model_copy(update={"params_sha256": ""})}, "digest of params.yaml"),
        ({"retrain": record().retrain.model_copy(update={"mlflow_run_id": ""})}, "MLflow run of the retrain"),
        ({"inputs": ()}, "inputs"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], named: str) -> None:
    assert missing_parts(record(**changes)) == (named,)


def test_a_stage_that_no_run_answers_for_was_made_by_hand() -> None:
    assert made_by_hand(record(stages=(stage("ingest", ""), stage("instruct")))) == ("ingest",)
