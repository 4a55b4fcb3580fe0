"""A candidate on its way through people: the flow that never waits, and the word that starts it again."""

import json
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from typer.testing import CliRunner

from cli.app import app
from components.lineage.versions import open_registry
from components.registry.approvals import Person, approve
from components.registry.candidacy import ANSWERED_TAG, judge_again, unanswered
from components.registry.ledger import Ledger
from components.registry.promotion import Promoter
from components.revisions.home import Home
from flows.promote import promote
from flows.reconcile import reconcile
from flows.server import API_URL
from tests.components.registry.conftest import empty_store, root  # noqa: F401
from tests.components.registry.test_promotion import GPT, add_version
from tests.flows.test_services import (
    flow_runs,
    free_ports,
    kill_services,
    nothing_is_left,
    start,
    wait_for,
    wait_until_up,
)
from tests.flows.test_services import run as run_beside
from tests.small_house import commit, run

POLICY = """
fusar-klip:
  - {gate: no_critical_failure}
fusar-gpt:
  - {gate: metric_floor, metric: count, floor: 0.5, baseline: null, factor: 1, margin: 0.0}
  - {gate: approvals, needed: 1, from: [], verified: false}
"""
REASON = ("--reason", "counted by hand", "--name", "anna")


@pytest.fixture
def repository(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """A repository whose fusar-gpt/1 has been considered and waits for one person."""
    (root / "promotion.yaml").write_text(POLICY)
    (root / ".gitignore").write_text("mlruns\n.fusar\nversion\n")
    (root / "profiles").mkdir()
    (root / "profiles/laptop.yaml").touch()  # the deployments' own choice, which a server would refuse otherwise
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    commit(root, "policy")
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    assert Promoter(Home(root)).consider(GPT, add_version(root, 0.9)).state == "awaiting approval"
    return root


def champion(folder: Path) -> str:
    return Ledger(str(folder / ".fusar/remote")).champion(GPT)


def fusar(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_the_flow_ends_without_waiting_and_shows_the_comparison(repository: Path, server: str) -> None:
    state = promote(GPT, "1", return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Awaiting approval")
    assert state.message == "fusar-gpt/1 awaiting approval; approvals: 0 of 1 approvals (asked: anybody)"
    with get_client(sync_client=True) as client:
        key = ArtifactFilter(key=ArtifactFilterKey(any_=["promote-fusar-gpt-1"]))
        (shown,) = client.read_artifacts(artifact_filter=key)
    assert shown.type == "markdown"
    assert "**Awaiting approval**" in shown.data and "fusar promote approve fusar-gpt/1" in shown.data


def test_without_a_server_the_word_itself_promotes(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(API_URL, raising=False)
    said = fusar("promote", "approve", GPT, "1", *REASON)
    assert "fusar-gpt/1 approved by anna (unverified), digest" in said
    assert "1 of 1 approvals: approved by anna (unverified)" in said
    assert "fusar-gpt/1: champion; the champion is 1." in said and "Next: fusar ledger show fusar-gpt" in said
    assert champion(repository) == "1"
    assert unanswered(Home(repository)) == ()


def test_a_server_that_has_no_such_deployment_is_no_server(repository: Path, server: str) -> None:
    answer = json.loads(fusar("promote", "reject", GPT, "1", *REASON, "--json"))
    assert (answer["approval"]["action"], answer["verdict"]["state"]) == ("reject", "checked")
    assert champion(repository) == ""


def test_a_server_that_does_not_answer_is_no_server(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_URL, f"http://127.0.0.1:{free_ports()[0]}/api")
    assert json.loads(fusar("promote", "approve", GPT, "1", *REASON, "--json"))["verdict"]["state"] == "champion"


def test_a_word_whose_event_was_lost_is_found_until_a_verdict_has_followed(repository: Path) -> None:
    home, client = Home(repository), open_registry(repository)
    found = client.get_model_version(GPT, "1")
    approve(home, client, found, "looked at it", Person("anna", False))
    assert [(lost.model, lost.version, lost.number) for lost in unanswered(home)] == [(GPT, "1", 1)]
    assert judge_again(home, GPT, "1").state == "champion"
    assert unanswered(home) == ()
    client.delete_model_version_tag(GPT, "1", ANSWERED_TAG)
    assert unanswered(home) == (), "a kill before the tag: the ledger knows that this word made a champion"
    approve(home, client, found, "still good", Person("bert", False))
    judge_again(home, GPT, "1")
    assert unanswered(home) == ()


def test_the_flow_says_in_one_sentence_why_it_could_not_judge(repository: Path, server: str) -> None:
    (repository / ".fusar/remote/ledger/fusar-gpt").mkdir(parents=True)
    (repository / ".fusar/remote/ledger/fusar-gpt/1.json").write_text("torn")
    state = promote(GPT, "1", return_state=True)
    assert state.is_failed() and "is no entry of a journal" in state.message


def test_reconcile_brings_the_alias_back_and_judges_nobody_whose_word_was_heard(repository: Path, server: str) -> None:
    client = open_registry(repository)
    approve(Home(repository), client, client.get_model_version(GPT, "1"), "looked at it", Person("anna", False))
    judge_again(Home(repository), GPT, "1")
    client.delete_registered_model_alias(GPT, "champion")
    state = reconcile(return_state=True)
    assert state.type.value == "COMPLETED", state.message
    assert "alias champion set to version 1" in state.message and "judged again" not in state.message


@pytest.mark.slow
def test_a_word_starts_the_deployment_again_and_reconcile_finds_a_lost_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (API_URL, "MLFLOW_TRACKING_URI"):  # MLflow has written the address of the first store there
        monkeypatch.delenv(name, raising=False)
    house = Path(shutil.copytree(repository, repository / "services" / "house"))
    monkeypatch.chdir(house)
    try:
        hear_the_word_and_find_the_lost_one(house)
    finally:
        kill_services(house)


def hear_the_word_and_find_the_lost_one(house: Path) -> None:
    ports = free_ports()
    process = start(house, ports)
    services = wait_until_up(house, process)
    api = {API_URL: services.prefect_api, "PREFECT_HOME": str(house.parent / "client")}
    assert run_beside(house, ports, "flows.deployments", **api).returncode == 0
    json_body = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{services.prefect_api}/automations/filter", b"{}", json_body)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        names = [automation["name"] for automation in json.load(answer)]
    assert names.count("promote after a person's word") == 1, (
        "applied twice, it still starts one promotion for one word"
    )
    said = fusar("promote", "approve", GPT, "1", *REASON)
    assert "Prefect was told: the deployment promote judges it now." in said
    wait_for(lambda: champion(house) == "1", "the promotion")
    wait_for(lambda: flow_runs(services, "promote")[0]["state_type"] == "COMPLETED", "the end of the flow")
    assert flow_runs(services, "promote")[0]["state"]["message"].startswith("fusar-gpt/1 champion")

    # An approval whose event never left: only the journal knows.
    second = add_version(house, 0.95)
    Promoter(Home(house)).consider(GPT, second)
    client = open_registry(house)
    approve(Home(house), client, client.get_model_version(GPT, second), "better", Person("anna", False))
    for _ in range(2):
        done = run_beside(house, ports, "prefect", "deployment", "run", "reconcile/workers", "--watch", **api)
        assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: champion(house) == second, "the promotion of the one that was lost")
    of_second = [run for run in flow_runs(services, "promote") if run["parameters"]["version"] == second]
    assert len(of_second) == 1, "a run that is under way is not started a second time"
    wait_for(lambda: unanswered(Home(house)) == (), "the mark that the word was heard")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    nothing_is_left(house, ports)
