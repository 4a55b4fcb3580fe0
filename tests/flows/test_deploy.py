"""`fusar deploy` on a real server: made once, changed only where something differs, and people told once."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate, WorkPoolUpdate
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Failed, Running
from typer.testing import CliRunner

from cli.app import app
from components.registry.ledger import Ledger
from components.revisions.home import Home
from flows.deploying import stores
from flows.deploying.file import read_checked, read_prefect_file
from flows.deploying.notifications import Notifications
from flows.deploying.pools import limit_changes
from flows.errors import BadDeployFile, FileStore
from flows.events import event_id, tell
from flows.server import API_URL, CLIENT, OWN_SERVER
from flows.services import answers
from flows.telling import tell_champions, tell_retrain, tell_verdicts
from tests.flows.test_services import (
    alone,  # noqa: F401
    flow_runs,
    free_ports,
    nothing_is_left,
    start,
    wait_for,
    wait_until_up,
)
from tests.small_house import ROOT, commit

PATIENCE_SECONDS = 60
LONG_SECONDS = 900
NOTIFICATIONS = """
channels:
  chat: {webhook: CHAT_OF_TEST}
  mail: {apprise: MAIL_OF_TEST}
tell:
  failure: [chat, mail]
  drift: [chat]
  verdict: [chat]
  awaiting-approval: [chat]
  champion-changed: [chat]
"""
OF_A_STAGE = {
    "stage": "cut",
    "profile": "tiny",
    "commit": "c" * 40,
    "pool": "cpu",
    "given": {"lock": {}, "needs": [], "is_forced": False, "mlflow_run_id": ""},
}


@pytest.fixture(scope="module")
def full_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server with all of its services: those that evaluate automations among them."""
    port, folder = free_ports()[0], tmp_path_factory.mktemp("full-server")
    api = f"http://127.0.0.1:{port}/api"
    variables = {"PREFECT_HOME": str(folder), API_URL: api, "PREFECT_SERVER_UI_ENABLED": "false"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **CLIENT, **variables}, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"{api}/health") or process.poll() is not None, "the server")
        assert process.poll() is None, (folder / "server.log").read_text()
        yield api
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def house(built_house: Path, full_server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small house as the current folder, with the full server as its own."""
    monkeypatch.chdir(built_house)
    for name in (OWN_SERVER, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(API_URL, full_server)
    return built_house


@pytest.fixture
def client(full_server: str) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: full_server}), get_client(sync_client=True) as found:
        yield found


def fusar_deploy(*options: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ("deploy", *options))
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def names(changes: str) -> list[str]:
    return [f"{change['kind']} {change['name']}" for change in json.loads(changes)["changes"]]


def test_a_second_run_finds_nothing_to_change_and_what_was_changed_by_hand_is_named(house, client):
    first = fusar_deploy()
    for line in ("pool gpu: make", "queue cpu/urgent: make", "deployment retrain/workers: make"):
        assert line in first
    assert (
        fusar_deploy("--check")
        == fusar_deploy()
        == ("Nothing to change.\nNext: prefect deployment run retrain/workers --param profile=laptop --watch\n")
    )

    (automation,) = client.read_automations_by_name("promote after a person's word")
    client.delete_automation(automation.id)
    client.pause_automation(client.read_automations_by_name("a run without a heartbeat has crashed")[0].id)
    found = client.read_deployment_by_name("retrain/workers")
    client.request("PATCH", f"/deployments/{found.id}", json={"description": "of a person"}).raise_for_status()
    client.pause_deployment(client.read_deployment_by_name("reconcile/workers").id)
    expected = [
        "deployment retrain/workers: change description",
        "deployment reconcile/workers: change paused",
        "automation promote after a person's word: make",
        "automation a run without a heartbeat has crashed: change enabled",
    ]
    assert fusar_deploy("--check", code=1).splitlines() == [*expected, "Next: fusar deploy"]
    assert fusar_deploy("--check", code=1).splitlines()[:-1] == expected, "a check changes nothing"
    assert fusar_deploy().splitlines()[:-1] == expected
    assert json.loads(fusar_deploy("--json")) == {"changed": True, "changes": []}


def test_queues_are_served_in_the_order_of_priorities(house, client):
    fusar_deploy()
    for pool in ("control", "cpu", "gpu"):
        queues = sorted(client.read_work_queues(work_pool_name=pool), key=lambda queue: queue.priority)
        assert [queue.name for queue in queues] == ["urgent", "default", "background"]


def test_a_limit_that_all_workers_share_is_made_and_kept_at_its_size(house, client):
    file = read_prefect_file().model_copy(update={"limits": {"gpu:big:0": 1}})
    for expected in (["limit gpu:big:0: make"], []):
        changes = list(limit_changes(client, file))
        assert [str(change) for change in changes] == expected
        for change in changes:
            change.make()
    client.update_global_concurrency_limit("gpu:big:0", GlobalConcurrencyLimitUpdate(limit=2))
    assert [str(change) for change in limit_changes(client, file)] == ["limit gpu:big:0: change limit"]


def test_the_form_has_choices_and_the_server_refuses_what_is_none_of_them(house, client):
    fusar_deploy()
    retrain = client.read_deployment_by_name("retrain/workers")
    fields = retrain.parameter_openapi_schema["properties"]
    assert fields["profile"]["enum"] == ["laptop", "tiny"]
    assert fields["priority"]["enum"] == ["urgent", "normal", "background"]
    good = {"profile": "tiny", "revision": "HEAD~1", "priority": "urgent"}
    client.create_flow_run_from_deployment(retrain.id, parameters=good)
    wrong = (
        {"profile": "huge"},
        {"priority": "now"},
        {"revision": "--upload-pack=touch /tmp/x"},
        {"revision": "-x"},
        {"revision": ""},
        {"revision": "main\n-x"},
        {"unknown": 1},
    )
    for parameters in wrong:
        with pytest.raises(PrefectHTTPStatusError, match="Validation failed"):
            client.create_flow_run_from_deployment(retrain.id, parameters=good | parameters)
    predict = client.read_deployment_by_name("predict/workers")
    for name, value in (("scenes", "--help"), ("folder", "-rf"), ("model", "--x")):
        with pytest.raises(PrefectHTTPStatusError):
            client.create_flow_run_from_deployment(predict.id, parameters={name: value})


def test_a_misspelt_word_is_named(tmp_path):
    text = (ROOT / "prefect.yaml").read_text()
    file = tmp_path / "prefect.yaml"
    file.write_text(text.replace("schedules:", "schedule:", 1).replace("hours: 72", "hours: soon"))
    with pytest.raises(BadDeployFile) as refused:
        read_prefect_file(file)
    assert "deployments.0.schedule: extra inputs are not permitted" in str(refused.value)
    assert "stages.default.hours: input should be a valid number" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tell: {failure: [nobody]}", "no channel is called nobody"),
        ("tell: {weather: []}", "tell.weather"),
        ("channels: {chat: {}}", "either webhook or apprise"),
        ("channels: {chat: {webhook: A, apprise: B}}", "either webhook or apprise"),
        ("- a list", "valid dictionary"),
        ("channels: {chat: {webhook: A", "expected"),
    ],
)
def test_notifications_that_are_none_are_refused(text, problem, tmp_path):
    file = tmp_path / "notifications.yaml"
    file.write_text(text)
    with pytest.raises(BadDeployFile, match=problem):
        read_checked(file, Notifications)


def test_a_channel_without_its_variable_is_named(house, monkeypatch, tmp_path):
    monkeypatch.delenv("CHAT_OF_TEST", raising=False)
    (house / "notifications.yaml").write_text(NOTIFICATIONS)
    try:
        done = CliRunner().invoke(app, ("deploy", "--check"))
    finally:
        (house / "notifications.yaml").unlink()
    assert isinstance(done.exception, BadDeployFile)
    assert str(done.exception) == (
        "notifications.yaml: channels.chat: the environment variable CHAT_OF_TEST is not set"
    )


@pytest.mark.parametrize(
    ("tracking", "store"),
    [("", "MLflow"), ("sqlite:////data/mlflow.db", "MLflow"), ("/data/runs", "MLflow"), ("http://192.0.2.9", "DVC")],
)
def test_workers_of_another_machine_are_not_given_files_of_this_one(tracking, store, house, monkeypatch):
    monkeypatch.setenv(API_URL, "http://192.0.2.8:4200/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking)
    refused = CliRunner().invoke(app, ("deploy", "--check")).exception
    assert isinstance(refused, FileStore)
    assert (refused.store, "192.0.2.8" in str(refused)) == (store, True)


@pytest.mark.parametrize(
    ("address", "is_file"),
    [
        ("mlflow-artifacts:/1", False),  # the files that MLflow's server hands out, as the server itself names them
        ("mlflow-artifacts://servers:5000/1", False),
        ("s3://fusar/mlflow", False),
        ("/var/lib/mlflow", True),
        ("file:///var/lib/mlflow", True),
        ("mlruns", True),
        ("C:\\mlflow", True),
        ("", True),
    ],
)
def test_which_address_is_a_file_of_this_machine(address, is_file):
    assert stores.is_file(address) == is_file


def test_a_server_that_does_not_answer_is_named(house, monkeypatch):
    monkeypatch.setenv(API_URL, f"http://127.0.0.1:{free_ports()[0]}/api")
    said = CliRunner().invoke(app, ("deploy",)).exception
    assert "Prefect server: it does not answer" in str(said)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a chat was told: the texts that reached a real HTTP listener."""
    texts: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        monkeypatch.setenv("CHAT_OF_TEST", f"http://127.0.0.1:{listener.server_port}/secret-path")
        yield texts
        listener.shutdown()


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    """Mails that reached a real SMTP server."""
    mails: list[Message] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            mails.append(message_from_bytes(envelope.content))
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    controller = Controller(Box(), hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setenv("MAIL_OF_TEST", f"mailto://127.0.0.1:{port}?from=fusar@example.org&to=anna@example.org")
    yield mails
    controller.stop()


def verdict(state: str, passed: bool) -> Mapping[str, Any]:
    outcome = {"passed": passed, "reason": "0.41 <b>below</b> {{ flow.name }} 0.5", "waits_for_people": False}
    gate = {"gate": "metric_floor", "settings": {}, "outcome": outcome}
    return {"model": "fusar-gpt", "version": "7", "state": state, "champion": "6", "gates": [gate]}


def fail(client: SyncPrefectClient, deployment: str, **parameters: object) -> None:
    flow_run = client.create_flow_run_from_deployment(
        client.read_deployment_by_name(deployment).id, parameters=parameters
    )
    client.set_flow_run_state(flow_run.id, Running(), force=True)
    client.set_flow_run_state(flow_run.id, Failed(message="stage cut: <script>no</script>"), force=True)


def test_people_are_told_each_thing_once(house, client, chat, mail):
    (house / "notifications.yaml").write_text(NOTIFICATIONS)
    try:
        made = set(names(fusar_deploy("--json")))
        assert {"block fusar-chat", "automation tell failure", "automation tell failure of watch"} <= made
        assert names(fusar_deploy("--json")) == [], "addresses are compared too, and have not changed"
        assert "secret-path" not in client.request("POST", "/block_documents/filter", json={}).text
        ledger = Ledger(str(house / ".fusar/remote"))
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        ledger.append("fusar-gpt", (), version="7", chain="c", verdict_sha256="v", at=at, by="anna")
        for _ in range(3):
            tell_verdicts([verdict("challenger", False), verdict("awaiting approval", False)])
            tell_champions(Home(house), ["fusar-gpt"])
            tell("fusar.drift.found", "fusar.model-version.fusar-gpt.7", {"model": "fusar-gpt"}, event_id("drift", "1"))
            tell_retrain("c" * 40, "tiny", "run", versions=[{"model": "fusar-gpt", "version": "7"}])
        fail(client, "retrain/workers")
        fail(client, "stage/cpu", **OF_A_STAGE)  # whose retrain says it
        for _ in range(3):
            fail(client, "watch/workers")  # every few minutes, while a remote is away
        wait_for(lambda: len(chat) >= 6 and len(mail) >= 2, "six messages and two mails")
        time.sleep(3)  # for what must not come
        heads = sorted(text.splitlines()[0].split(":")[0] for text in chat)
        assert len(heads) == 6, heads
        for head in ("Drift found beside fusar-gpt/", "fusar-gpt", "fusar-gpt/7 awaits your approval"):
            assert head in heads
        said = "\n".join(chat)
        assert "fusar-gpt: the champion is version 7\npromote by anna, the first one" in said
        assert "metric_floor: 0.41 ‹b›below‹/b› {{ flow.name }} 0.5" in said
        assert "Next: fusar promote approve fusar-gpt/7" in said
        assert "stage cut: ‹script›no‹/script›" in said
        assert [(sent["To"], sent.get_content_type()) for sent in mail] == [("anna@example.org", "text/plain")] * 2
    finally:
        (house / "notifications.yaml").unlink()
    removed = names(fusar_deploy("--json"))
    assert {"block fusar-chat", "block fusar-mail", "automation tell drift"} <= set(removed)


def overlap(runs: list[dict[str, Any]]) -> bool:
    """Whether two flow runs ran at the same time."""
    ordered = sorted((run["start_time"], run["end_time"]) for run in runs)
    return any(later[0] < earlier[1] for earlier, later in pairwise(ordered))


@pytest.mark.slow
def test_with_a_limit_of_one_on_every_pool_three_retrains_at_once_all_finish(alone, monkeypatch):  # noqa: F811
    for name in (OWN_SERVER, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    house, ports = alone, free_ports()
    first = commit(house, "the same work under another name")
    process = start(house, ports)
    services = wait_until_up(house, process)
    asked = [("laptop", "HEAD", "background"), ("tiny", "HEAD", "normal"), ("laptop", f"{first}~1", "urgent")]
    patient = {PREFECT_API_URL: services.prefect_api, PREFECT_CLIENT_MAX_RETRIES: 8}
    with temporary_settings(patient), get_client(sync_client=True) as there:
        for pool in ("control", "cpu", "gpu"):
            there.update_work_pool(pool, WorkPoolUpdate(concurrency_limit=1))
        deployment = there.read_deployment_by_name("retrain/workers").id
        for profile, revision, priority in asked:
            parameters = {"profile": profile, "revision": revision, "priority": priority}
            there.create_flow_run_from_deployment(deployment, parameters=parameters)

        def ended() -> bool:
            runs = flow_runs(services, "retrain")
            return len(runs) == 3 and all(run["state_type"] in ("COMPLETED", "FAILED", "CRASHED") for run in runs)

        until = time.monotonic() + LONG_SECONDS
        while not ended() and time.monotonic() < until:
            time.sleep(1)
    retrains, stages = flow_runs(services, "retrain"), flow_runs(services, "stage")
    assert [run["state_type"] for run in retrains] == ["COMPLETED"] * 3, [run["state"] for run in retrains]
    assert not overlap(retrains) and not overlap(stages), "the limits were no limits"
    queues = {(run["parameters"]["profile"], run["work_queue_name"]) for run in stages}
    assert ("tiny", "default") in queues and queues <= {
        ("tiny", "default"),
        ("laptop", "urgent"),
        ("laptop", "background"),
    }
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    nothing_is_left(house, ports)
