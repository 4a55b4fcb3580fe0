"""MLflow's own server with accounts, over HTTP: who may ask, who may promote, and what a refusal leaves behind."""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.server import get_app_client

import cli.app
import components.registry.__main__
from components.lineage.versions import logged_model_id
from components.registry.ledger import Ledger
from components.registry.promotion import Promoter
from components.registry.registration import register
from components.revisions.home import Home
from flows.server import API_URL
from tests.components.registry.made import build
from tests.flows.test_services import free_ports

pytestmark = pytest.mark.slow

PASSWORDS = {
    "admin": "the admin's own word",
    "paula": "a promoter's own word",
    "dora": "a data scientist's own word",
    "rita": "a reader's own word",
}
CONFIG = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/accounts.db
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""
POLICY = """
fusar-klip:
  - {gate: lineage_complete, allow_made_by_hand: false}
fusar-gpt:
  - {gate: lineage_complete, allow_made_by_hand: false}
  - {gate: approvals, needed: 1, from: [paula], verified: true}
"""
GPT = "fusar-gpt/1"


@dataclass
class Served:
    """A repository whose MLflow is a server with accounts."""

    root: Path
    uri: str
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def fusar(self, account: str, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of `fusar ...` as an account."""
        return self.command(account, lambda: cli.app.main(arguments))

    def registry(self, account: str, *arguments: str) -> tuple[int, str, str]:
        """The same of `python -m components.registry ...`."""
        self.patch.setattr(sys, "argv", ["registry", *arguments])
        return self.command(account, components.registry.__main__.main)

    def command(self, account: str, run: Callable[[], None]) -> tuple[int, str, str]:
        self.use(account)
        self.capture.readouterr()
        code = 0
        try:
            run()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *self.capture.readouterr()

    def use(self, account: str) -> MlflowClient:
        for name, value in as_account(self.uri, account).items():
            self.patch.setenv(name, value)
        return MlflowClient(self.uri)

    def state(self) -> dict[str, object]:
        """Everything that a promotion may change: the journals, tags, aliases and files of all versions."""
        journals = {str(path): path.read_bytes() for path in (self.root / ".fusar/remote").glob("[a-z]*/**/*.json")}
        client = self.use("admin")
        models = [(model.name, model.tags, model.aliases) for model in client.search_registered_models()]
        versions = [
            (found.name, found.version, found.tags, found.description, sorted(files(client, found)))
            for name, *_ in models
            for found in client.search_model_versions(f"name = '{name}'")
        ]
        return {"journals": journals, "models": models, "versions": versions}


def files(client: MlflowClient, version: ModelVersion, folder: str = "") -> Iterator[str]:
    for entry in client.list_logged_model_artifacts(logged_model_id(version), folder):
        if entry.is_dir:
            yield from files(client, version, entry.path)
        else:
            yield entry.path


def as_account(uri: str, account: str) -> dict[str, str]:
    password = {"MLFLOW_TRACKING_PASSWORD": PASSWORDS[account]} if account in PASSWORDS else {}
    return {"MLFLOW_TRACKING_URI": uri, "MLFLOW_TRACKING_USERNAME": account, **password}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """`mlflow server --app-name basic-auth` on a free port."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "auth.ini").write_text(CONFIG.format(folder=folder))
    port = free_ports()[0]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_TRACKING")},
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORDS["admin"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of this test",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    options = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--host", "127.0.0.1", "--port", str(port)]
    options += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", *options]
        process = psutil.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", process, folder / "server.log")
        yield f"http://127.0.0.1:{port}", folder
    finally:
        for child in process.children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def wait_until_healthy(url: str, process: psutil.Popen, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 240
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start: {log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def house(server: tuple[str, Path]) -> Iterator[Path]:
    """What the admin registered by HTTP: fusar-klip/1 is champion, fusar-gpt/1 waits for paula."""
    uri, folder = server
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**as_account(uri, "admin"), "NO_PROXY": "127.0.0.1"}.items():
            patch.setenv(name, value)
        patch.delenv(API_URL, raising=False)
        made = build(folder)
        (made.root / "promotion.yaml").write_text(POLICY)
        made.prepare()
        for version in register(made.retrain()):
            Promoter(Home(made.root)).consider(version.model, version.version)
        grant(uri)
        yield made.root


def grant(uri: str) -> None:
    """Paula may edit both models and the experiment, dora the experiment alone, rita only reads."""
    accounts = get_app_client("basic-auth", tracking_uri=uri)
    experiment = MlflowClient(uri).get_experiment_by_name("retrain").experiment_id
    for name in ("paula", "dora", "rita"):
        accounts.create_user(name, PASSWORDS[name])
    for name in ("paula", "dora"):
        accounts.grant_user_permission(name, "experiment", experiment, "EDIT")
    for model in ("fusar-klip", "fusar-gpt"):
        accounts.grant_user_permission("paula", "registered_model", model, "EDIT")


@pytest.fixture
def served(
    house: Path,
    server: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Served:
    monkeypatch.chdir(house)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv(API_URL, raising=False)
    return Served(house, server[0], monkeypatch, capsys)


def test_a_reader_asks_every_question_and_is_answered(served: Served) -> None:
    before = served.state()
    questions = {
        ("promote", "check", GPT): "0 of 1 approvals (asked: paula)",
        ("lineage", "show", GPT): "profile tiny",
        ("lineage", "show", "fusar-klip@champion", "--json"): '"model": "fusar-klip"',
        ("lineage", "impact", "anvers-c3"): GPT,
        ("ledger", "show", "fusar-klip"): "admin",
        ("ledger", "verify"): "",
    }
    for question, words in questions.items():
        code, said, complaint = served.fusar("rita", *question)
        assert code == (1 if "check" in question else 0), (question, said, complaint)
        assert words in said and "error" not in complaint, (question, said, complaint)
    assert served.state() == before


def test_a_reader_verifies_every_file_of_a_version_over_http(served: Served) -> None:
    before = served.state()
    _, said, _ = served.fusar("rita", "lineage", "verify", GPT, "--json")
    found = json.loads(said)
    assert found["files"] > 100
    # The house pushes no outputs: what its remote lacks is named, and nothing else.
    assert [problem for problem in found["problems"] if "DVC remote" not in problem["sentence"]] == []
    assert served.state() == before


@pytest.mark.parametrize("account", ["rita", "dora"])
def test_who_may_not_edit_a_model_is_refused_in_one_sentence_and_leaves_nothing(account: str, served: Served) -> None:
    code, said, _ = served.fusar(account, "promote", GPT)
    assert code == 1 and "waits for people" in said, "what is on record already needs no write, and so no permission"
    before = served.state()
    for write in (
        ("promote", "approve", GPT, "--reason", "I want it"),
        ("promote", "reject", GPT, "--reason", "I do not want it"),
    ):
        code, said, complaint = served.fusar(account, *write)
        assert (code, said) == (1, ""), (write, said, complaint)
        assert complaint.startswith(f"error: {served.uri}: does not let this account do that. MLFLOW_TRACKING_USERNAME")
        assert len(complaint.splitlines()) == 1, complaint
    for step in (("consider", "--root", str(served.root), GPT), ("reconcile", "--root", str(served.root))):
        served.registry(account, *step)
    after = served.state()
    if account == "dora":  # her experiment takes her verdicts; nothing points to them
        after["versions"], before["versions"] = without_verdicts(after), without_verdicts(before)
    assert after == before


def without_verdicts(state: dict[str, object]) -> object:
    return [(*rest, [path for path in paths if not path.startswith("verdicts/")]) for *rest, paths in state["versions"]]


def test_a_name_that_is_not_the_accounts_and_a_wrong_password_are_refused(served: Served) -> None:
    code, _, complaint = served.fusar("paula", "promote", "approve", GPT, "--reason", "fine", "--name", "rita")
    assert code == 1 and "MLflow knows you as paula, not as rita; leave --name out" in complaint
    served.use("rita")
    served.patch.setitem(PASSWORDS, "rita", "guessed")
    for write in (("promote", "check", GPT), ("promote", "approve", GPT, "--reason", "fine")):
        code, _, complaint = served.fusar("rita", *write)
        assert code == 1 and f"error: {served.uri}: does not know who asks." in complaint, complaint
        assert "guessed" not in complaint


def test_the_word_of_an_account_is_verified_and_makes_the_champion(served: Served) -> None:
    served.use("paula")
    code, said, complaint = served.fusar("paula", "promote", "approve", GPT, "--reason", "counted by hand", "--json")
    assert code == 0, (said, complaint)
    answer = json.loads(said)
    assert (answer["approval"]["name"], answer["approval"]["verified"]) == ("paula", True)
    assert answer["verdict"]["state"] == "champion"
    code, said, _ = served.fusar("rita", "ledger", "show", "fusar-gpt", "--json")
    assert code == 0 and "counted by hand" in said


def test_only_who_may_edit_the_model_rolls_back(served: Served) -> None:
    client = served.use("admin")
    first = client.get_model_version("fusar-gpt", "1")
    client.create_model_version("fusar-gpt", source=first.source, tags=first.tags, model_id=logged_model_id(first))
    served.fusar("paula", "promote", "approve", "fusar-gpt/2", "--reason", "the same again")
    assert Ledger(str(served.root / ".fusar/remote")).champion("fusar-gpt") == "2"
    before = served.state()
    for account in ("rita", "dora"):
        code, _, complaint = served.fusar(account, "promote", "rollback", "fusar-gpt", "--reason", "mine was better")
        assert code == 1 and "does not let this account do that" in complaint, complaint
        assert served.state()["journals"] == before["journals"]
    code, said, complaint = served.fusar("paula", "promote", "rollback", "fusar-gpt", "--reason", "counts ships twice")
    assert code == 0, (said, complaint)
    assert Ledger(str(served.root / ".fusar/remote")).champion("fusar-gpt") == "1"
