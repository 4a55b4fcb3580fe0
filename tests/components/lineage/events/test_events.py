"""OpenLineage events on a real HTTP listener, in a file, and nowhere: held to the standard, never at a run's cost."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from components.lineage.events import sending
from components.lineage.events.describing import run_uuid
from components.lineage.events.sending import events_file
from components.lineage.events.telling import (
    StageRun,
    tell_prediction,
    tell_promotion,
    tell_registration,
    tell_stage,
)
from components.lineage.record import Content
from components.registry.policy import parse_policy
from components.registry.promotion import Promoter
from components.revisions.git import origin
from components.revisions.home import Home
from tests.components.lineage.events.listening import check, listener
from tests.components.lineage.records import record
from tests.components.registry.conftest import empty_store, root  # noqa: F401
from tests.components.registry.made import POLICY
from tests.components.registry.test_promotion import add_version
from tests.small_house import run

ENTRY = {
    "cmd": "python -m components.ingestion ingest",
    "deps": [{"path": "data", "md5": "d.dir"}],
    "params": {"params.yaml": {"ingest": {"chip_size": 64}}},
    "outs": [{"path": "outputs/ingest/chips", "md5": "c.dir"}],
}
STAGE = StageRun("0" * 31 + "1", "ingest", "tiny", "a" * 40, "f" * 8 + "-0000-4000-8000-" + "0" * 12, ENTRY)


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """No configuration before and none after: the client itself spells OPENLINEAGE_URL out in further variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
            patch.delenv(name)
        patch.setattr(sending, "_silent", threading.Event())
        yield
        for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
            del os.environ[name]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    run(tmp_path, "git", "init", "--quiet")
    return Home(tmp_path)


def written(home: Home) -> list[dict]:
    return [json.loads(line) for line in events_file(home).read_text().splitlines()]


def tell_everything(home: Home) -> None:
    started = StageRun(**{**vars(STAGE), "entry": {**ENTRY, "outs": []}})
    tell_stage(home, started, "START")
    tell_stage(home, STAGE, "COMPLETE")
    tell_stage(home, STAGE, "FAIL", 'scene "><script>: truncated')
    tell_stage(home, StageRun(**{**vars(STAGE), "mlflow_run_id": "restored ingest", "restored": True}), "COMPLETE")
    tell_registration(home, record(), "3")
    entry = {"number": 2, "model": "fusar-gpt", "action": "rollback", "version": "1", "replaces": "3"}
    tell_promotion(home, {**entry, "reason": "it hallucinates piers", "at": "2026-11-27T01:00:00+00:00"})
    scene, out = Content(path="scenes/a.tif", md5="a"), Content(path="predictions/chips.parquet", md5="p")
    tell_prediction(home, "0" * 31 + "2", ("fusar-gpt", "3"), [scene], [out])


def test_every_event_that_a_listener_gets_is_one_of_the_standard(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as heard:
        monkeypatch.setenv("OPENLINEAGE_URL", heard.url)
        tell_everything(home)
    assert heard.paths == {"/api/v1/lineage"}
    assert not events_file(home).exists()
    for event in heard.events:
        check(event)
    kinds = [(event["job"]["name"], event["eventType"]) for event in heard.events]
    assert kinds == [
        ("ingest.tiny", "START"),
        ("ingest.tiny", "COMPLETE"),
        ("ingest.tiny", "FAIL"),
        *(("ingest.tiny", state) for state in ("START", "COMPLETE")),
        *(("register.fusar-gpt", state) for state in ("START", "COMPLETE")),
        *(("promote.fusar-gpt", state) for state in ("START", "COMPLETE")),
        *(("predict.fusar-gpt", state) for state in ("START", "COMPLETE")),
    ]
    done, failed, restored = heard.events[1], heard.events[2], heard.events[4]
    assert done["run"]["runId"] == "00000000-0000-0000-0000-000000000001", "MLflow's run by its own id"
    assert done["run"]["facets"]["parent"]["run"]["runId"] == STAGE.flow_run_id
    assert done["job"]["facets"]["sourceCodeLocation"]["version"] == STAGE.commit
    (read,), (wrote,) = done["inputs"], done["outputs"]
    assert (read["name"], read["facets"]["version"]["datasetVersion"]) == ("data", "d.dir")
    assert (wrote["name"], wrote["facets"]["version"]["datasetVersion"]) == ("outputs/ingest/chips", "c.dir")
    assert failed["run"]["facets"]["errorMessage"]["message"] == 'scene "><script>: truncated'
    assert restored["run"]["facets"]["fusar"]["facts"]["restored"] is True
    registered, promoted = heard.events[6], heard.events[8]
    assert [(d["name"], d["facets"]["version"]["datasetVersion"]) for d in registered["outputs"]] == [
        ("fusar-gpt", "3")
    ]
    assert ("fusar-klip", "1") in {(d["name"], d["facets"]["version"]["datasetVersion"]) for d in registered["inputs"]}
    assert promoted["outputs"][0]["name"] == "fusar-gpt@champion"
    assert promoted["run"]["facets"]["fusar"]["facts"]["reason"] == "it hallucinates piers"


def test_what_the_check_refuses(home: Home) -> None:
    tell_stage(home, STAGE, "COMPLETE")
    (event,) = written(home)
    check(event)
    for wrong in (
        {**event, "eventTime": "yesterday"},
        {**event, "eventType": "DONE"},
        {**event, "run": {"runId": "7"}},
        {**event, "inputs": [{"name": "data"}]},
        {**event, "outputs": [{"namespace": "n", "name": "x", "facets": {"version": {"datasetVersion": "1"}}}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(wrong)


def test_without_a_configuration_events_are_lines_of_a_file(home: Home) -> None:
    tell_everything(home)
    assert len(written(home)) == 11
    for event in written(home):
        check(event)


def test_disabled_means_nothing_anywhere(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    tell_everything(home)
    assert not events_file(home).exists()


def test_a_configuration_file_of_openlineage_is_heard(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    config = home.root / "openlineage.yml"
    config.write_text(f"transport:\n  type: file\n  log_file_path: {home.root}/theirs.jsonl\n  append: true\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(config))
    tell_stage(home, STAGE, "START")
    check(json.loads((home.root / "theirs.jsonl").read_text()))
    assert not events_file(home).exists()


def test_a_listener_that_never_answers_costs_its_patience_once_and_no_event(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(sending, "PATIENCE_SECONDS", 1.0)
        began = time.monotonic()
        tell_everything(home)
        assert time.monotonic() - began < 8.0  # alone: 1.1 s; retries of the client would take a minute
    assert len(written(home)) == 11
    assert capsys.readouterr().err.count("OpenLineage events go to") == 1


def test_a_promotion_is_told_once_and_a_refusal_is_not(
    root: Path,  # noqa: F811
) -> None:
    run(root, "git", "init", "--quiet")
    home = Home(root)
    promoter = Promoter(home, parse_policy(POLICY.encode(), "test"))
    promoter.consider("fusar-gpt", add_version(root, 0.9))
    promoter.promote("fusar-gpt", add_version(root, 0.3))
    told = [(event["job"]["name"], event["eventType"]) for event in written(home)]
    assert told == [("promote.fusar-gpt", "START"), ("promote.fusar-gpt", "COMPLETE")]


def test_a_name_that_is_no_uuid_is_always_the_same_one() -> None:
    assert run_uuid("restored ingest") == run_uuid("restored ingest") != run_uuid("restored annotate")


def test_no_password_of_a_remote_leaves_the_repository(tmp_path: Path) -> None:
    run(tmp_path, "git", "init", "--quiet")
    assert origin(tmp_path) == ""
    run(tmp_path, "git", "remote", "add", "origin", "https://me:secret@example.org:8443/sar/models.git")
    assert origin(tmp_path) == "https://example.org:8443/sar/models.git"
    run(tmp_path, "git", "remote", "set-url", "origin", "git@example.org:sar/models.git")
    assert origin(tmp_path) == "git@example.org:sar/models.git"
