"""Batch predictions are runs of MLflow: what was recorded is read, in order, and only what is new."""

from pathlib import Path

import pytest

from components.lineage.predictions import AskedScene, read_predictions, record_prediction
from components.lineage.record import Content
from components.tracking.runs import Tracking
from tests.components.registry.conftest import empty_store, root  # noqa: F401

OUT = (Content(path="chips/a.parquet", md5="p"),)


def test_a_recorded_prediction_is_read_as_it_was_told(root: Path) -> None:  # noqa: F811
    tracking = Tracking(root)
    first = record_prediction(tracking, ("fusar-gpt", "3"), [AskedScene("a", "1"), AskedScene("b", "2")], OUT)
    assert read_predictions(tracking.client) == (first,)
    second = record_prediction(tracking, ("fusar-gpt", "4"), [AskedScene("a", "1")], OUT)
    assert read_predictions(tracking.client) == (first, second)
    assert read_predictions(tracking.client, after=first.at) == (second,)
    assert read_predictions(tracking.client, after=second.at) == ()
    run = tracking.client.get_run(second.run_id)
    assert (run.data.tags["fusar.model_version"], run.info.status) == ("fusar-gpt/4", "FINISHED")


def test_a_run_that_was_killed_before_its_end_is_no_prediction(root: Path) -> None:  # noqa: F811
    tracking = Tracking(root)
    tags = {"fusar.kind": "prediction", "fusar.model_version": "fusar-gpt/3"}
    tracking.client.create_run(tracking.experiment_id, tags=tags)
    assert read_predictions(tracking.client) == ()


def test_a_torn_file_is_said_and_costs_the_others_nothing(
    root: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    tracking = Tracking(root)
    torn = record_prediction(tracking, ("fusar-gpt", "3"), [AskedScene("a", "1")], OUT)
    whole = record_prediction(tracking, ("fusar-gpt", "3"), [AskedScene("b", "2")], OUT)
    uri = tracking.client.get_run(torn.run_id).info.artifact_uri
    (Path(uri.removeprefix("file://")) / "prediction.json").write_text("{")
    assert read_predictions(tracking.client) == (whole,)
    assert f"prediction {torn.run_id}: prediction.json cannot be read" in capsys.readouterr().err
