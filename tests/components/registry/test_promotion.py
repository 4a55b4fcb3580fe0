"""Promotion against a real MLflow registry and a real ledger; the versions are records, items and tiny weights."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from components.lineage.errors import BrokenJournal
from components.lineage.evaluations import EVALUATION_TAG, folder_of
from components.lineage.journal import Journal
from components.lineage.record import LINEAGE_FILE
from components.lineage.versions import CHAIN_TAG, fetch, open_registry, read_lineage, resolve
from components.lineage.withdrawals import WITHDRAW, journal_of
from components.records.schemas import ITEMS
from components.records.tables import write_table
from components.registry.errors import ForgottenEntry, RollbackRefused
from components.registry.examining import faults_of
from components.registry.gates import no_withdrawn_scene
from components.registry.gates.gate import Gate, Outcome, Settings
from components.registry.ledger import Ledger
from components.registry.policy import Rule, parse_policy
from components.registry.promotion import Promoter, Verdict
from components.registry.reconciling import reconcile
from components.revisions.git import git
from components.revisions.home import Home
from components.tracking.runs import Tracking
from tests.components.lineage.records import record, stage
from tests.components.registry.made import POLICY, item, save_tiny_klip

GPT = "fusar-gpt"


def add_version(root: Path, count: float, by_hand: bool = False, weights: Path | None = None) -> str:
    """Register a version whose answers to 40 counts are right to a share of `count`."""
    client, tracking = open_registry(root), Tracking(root)
    model = GPT if weights is None else "fusar-klip"
    changes = {"stages": (stage("instruct", ""),)} if by_hand else {}
    found = record({"count": count, "count_majority": 0.2}, items_md5=f"items{count}", model=model, **changes)
    folder = root / "version"
    rows = [item(n % 4, f"scene{n % 4}-r0000-c{n:04d}", float(n < 40 * count)) for n in range(40)]
    write_table(rows, ITEMS, folder / folder_of(found.evaluation) / "items.parquet")
    (folder / folder_of(found.evaluation) / "evaluation.json").write_text(found.evaluation.model_dump_json())
    (folder / LINEAGE_FILE).write_text(found.model_dump_json())
    logged = client.create_logged_model(tracking.experiment_id, name=model)
    client.log_model_artifacts(logged.model_id, str(folder))
    if weights is not None:
        client.log_model_artifacts(logged.model_id, str(weights), "artifacts/gpt")
    tags = {CHAIN_TAG: f"chain of {count}", EVALUATION_TAG: f"items{count}"}
    version = client.create_model_version(
        model, source=f"models:/{logged.model_id}", tags=tags, model_id=logged.model_id, description="of a test"
    )
    return str(version.version)


def promoter(root: Path) -> Promoter:
    return Promoter(Home(root), parse_policy(POLICY.encode(), "test"))


def aliases(client: MlflowClient) -> dict[str, str]:
    return {name: str(version) for name, version in client.get_registered_model(GPT).aliases.items()}


def refused(verdict: Verdict) -> dict[str, str]:
    return {judged.gate: judged.outcome.reason for judged in verdict.gates if not judged.outcome.passed}


def test_the_first_good_version_is_champion_the_next_a_challenger_until_somebody_promotes_it(root: Path) -> None:
    client = open_registry(root)
    assert promoter(root).consider(GPT, add_version(root, 0.7)).state == "champion"
    second = promoter(root).consider(GPT, add_version(root, 0.9))
    assert (second.state, second.passed, second.champion) == ("challenger", True, "1")
    assert aliases(client) == {"champion": "1", "challenger": "2"}
    assert promoter(root).check(GPT, "2").state == "checked"
    assert aliases(client) == {"champion": "1", "challenger": "2"}
    assert promoter(root).promote(GPT, "2").state == "champion"
    assert aliases(client) == {"champion": "2"}
    assert promoter(root).promote(GPT, "2").state == "champion", "asked again it stays and writes nothing"
    entries = [written.entry for written in Ledger(str(root / ".fusar/remote")).entries(GPT)]
    assert [(e.number, e.version, e.replaces) for e in entries] == [(1, "1", ""), (2, "2", "1")]


def test_a_worse_version_changes_nothing_but_its_own_verdict(root: Path, tmp_path: Path) -> None:
    promoter(root).consider(GPT, add_version(root, 0.9))
    worse = add_version(root, 0.5)
    verdict = promoter(root).promote(GPT, worse)
    assert (verdict.passed, verdict.state, list(refused(verdict))) == (False, "checked", ["not_worse"])
    client = open_registry(root)
    assert aliases(client) == {"champion": "1"}
    assert len(Ledger(str(root / ".fusar/remote")).entries(GPT)) == 1
    version = resolve(client, f"{GPT}/{worse}")
    word, digest = version.tags["fusar.verdict"].split()
    content = fetch(client, version, f"verdicts/{digest}.json", tmp_path / "verdict").read_bytes()
    assert (word, hashlib.sha256(content).hexdigest()) == ("refused", digest)
    assert json.loads(content)["gates"][2]["outcome"]["evidence"]["champion"] == "fusar-gpt/1"
    assert version.tags["fusar.gate.2.not_worse"].startswith("refused: count: -0.4")


def test_a_first_version_that_fails_is_no_champion(root: Path) -> None:
    bad = promoter(root).consider(GPT, add_version(root, 0.25))
    assert (bad.state, refused(bad)) == (
        "challenger",
        {"metric_floor": "count is 0.250, needed 0.300 (count_majority is 0.200)"},
    )
    by_hand = promoter(root).consider(GPT, add_version(root, 0.9, by_hand=True))
    assert refused(by_hand) == {"lineage_complete": "no run made the outputs of instruct"}
    assert aliases(open_registry(root)) == {"challenger": "2"}


def test_a_kill_between_ledger_and_alias_is_mended_by_the_next_promotion(root: Path) -> None:
    promoter(root).consider(GPT, add_version(root, 0.7))
    client = open_registry(root)
    client.delete_registered_model_alias(GPT, "champion")
    promoter(root).promote(GPT, add_version(root, 0.4))
    assert aliases(client) == {"champion": "1"}


def test_nothing_is_promoted_on_an_edited_ledger(root: Path) -> None:
    promoter(root).consider(GPT, add_version(root, 0.7))
    promoter(root).promote(GPT, add_version(root, 0.8))
    first = root / ".fusar/remote/ledger/fusar-gpt/1.json"
    first.write_bytes(first.read_bytes().replace(b"chain of 0.7", b"chain of 0.9"))
    third = add_version(root, 0.9)
    with pytest.raises(BrokenJournal, match=r"1\.json: was changed"):
        promoter(root).promote(GPT, third)
    assert aliases(open_registry(root)) == {"champion": "2"}


def test_weights_that_are_not_finite_are_refused_with_the_tensors_name(root: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    save_tiny_klip(tmp_path / "klip", seed=1)
    path = tmp_path / "klip/model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    verdict = promoter(root).check("fusar-klip", add_version(root, 0.9, weights=tmp_path / "klip"))
    assert verdict.passed, refused(verdict)
    tensors[name].view(-1)[0] = torch.nan
    save_file(tensors, path)
    verdict = promoter(root).check("fusar-klip", add_version(root, 0.9, weights=tmp_path / "klip"))
    assert list(refused(verdict)) == ["finite_weights"]
    assert f"tensor '{name}' holds a value that is not finite" in refused(verdict)["finite_weights"]


def test_a_rollback_is_an_entry_with_who_and_why_and_only_an_earlier_champion_comes_back(root: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada")
    with pytest.raises(RollbackRefused, match="does not name one as an earlier champion"):
        promoter(root).rollback(GPT, "", "why not")
    for count in (0.7, 0.8, 0.9):
        promoter(root).promote(GPT, add_version(root, count))
    add_version(root, 0.95)
    for version, said in (("4", "does not name version 4 .*; earlier champions: 2, 1"), ("3", "version 3")):
        with pytest.raises(RollbackRefused, match=said):
            promoter(root).rollback(GPT, version, "why not")
    with pytest.raises(RollbackRefused, match="say why"):
        promoter(root).rollback(GPT, "1", "  ")
    client, ledger = open_registry(root), Ledger(str(root / ".fusar/remote"))
    assert len(ledger.entries(GPT)) == 3
    promoter(root).rollback(GPT, "", "counts ships twice")
    assert promoter(root).rollback(GPT, "1", "that one too").replaces == "2"
    back = [written.entry for written in ledger.entries(GPT)][3]
    assert (back.action, back.version, back.replaces, back.reason) == ("rollback", "2", "3", "counts ships twice")
    assert (back.by, back.verified, [answer.gate for answer in back.verdict]) == ("Ada", False, ["no_withdrawn_scene"])
    assert aliases(client)["champion"] == "1"
    assert faults_of(client, ledger, GPT) == ()


def test_a_champion_of_withdrawn_scenes_does_not_come_back_and_nothing_changes(root: Path, tmp_path: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    for count in (0.7, 0.8):
        promoter(root).promote(GPT, add_version(root, count))
    (tmp_path / "klip").mkdir()
    (tmp_path / "klip/config.json").write_text("nobody reads this here")
    add_version(root, 0.5, weights=tmp_path / "klip")  # the parent that the record names
    row = {"md5": "md5 of scene0", "scene_id": "scene0", "reason": "licence ended", "name": "Ada", "time": "today"}
    Journal(str(root / ".fusar/remote"), "withdrawals").append((), {"action": "withdraw", **row})
    with pytest.raises(RollbackRefused, match=r"no_withdrawn_scene: .*scene0 \(licence ended\)"):
        promoter(root).rollback(GPT, "1", "counts ships twice")
    assert len(Ledger(str(root / ".fusar/remote")).entries(GPT)) == 2
    assert aliases(open_registry(root)) == {"champion": "2"}


def test_an_end_of_the_ledger_that_was_removed_or_changed_is_found_and_nothing_is_decided(root: Path) -> None:
    for count in (0.7, 0.8):
        promoter(root).promote(GPT, add_version(root, count))
    client, ledger = open_registry(root), Ledger(str(root / ".fusar/remote"))
    newest = root / ".fusar/remote/ledger/fusar-gpt/2.json"
    content = newest.read_bytes()
    newest.write_bytes(content.replace(b'"version": "2"', b'"version": "1"'))
    kinds = {fault.kind: fault.sentence for fault in faults_of(client, ledger, GPT)}
    assert kinds["edited"] == "is not the entry of which MLflow was told"
    newest.unlink()
    removed = faults_of(client, ledger, GPT)[0]
    assert (removed.kind, removed.sentence.split(",")[0]) == ("removed", "entry 2 after it")
    third = add_version(root, 0.9)
    with pytest.raises(ForgottenEntry, match=r"2\.json: is not there"):
        promoter(root).promote(GPT, third)
    assert [step.is_mended for step in reconcile(Home(root)) if step.subject == GPT] == [False]
    assert aliases(client) == {"champion": "2"}
    newest.write_bytes(content)
    assert promoter(root).promote(GPT, third).state == "champion"


def test_a_scene_that_is_withdrawn_while_other_gates_judge_lets_nothing_pass(root: Path) -> None:
    version, home = add_version(root, 0.9), Home(root)
    scene = read_lineage(open_registry(root), resolve(open_registry(root), f"{GPT}/{version}")).scenes[0]
    entry = {"md5": scene.files[0].md5, "scene_id": scene.scene_id, "reason": "taken back", "name": "a", "time": "now"}

    def judge_and_withdraw(*_: object) -> Outcome:
        """A gate that takes its time; somebody withdraws a scene meanwhile."""
        journal_of(home).append((), {"action": WITHDRAW, **entry})
        return Outcome(True, "booted", {})

    policy = parse_policy(POLICY.encode(), "test")
    slow = Rule(Gate("slow", Settings, judge_and_withdraw), Settings())
    assert no_withdrawn_scene.GATE.name in {rule.gate.name for rule in policy.rules[GPT]}
    late = replace(policy, rules={**policy.rules, GPT: (*policy.rules[GPT], slow)})
    verdict = Promoter(home, late).consider(GPT, version)
    assert [judged.gate for judged in verdict.gates][-1] == "slow", "the answers stand in the order of the policy"
    assert list(refused(verdict)) == [no_withdrawn_scene.GATE.name]
    assert Ledger(str(root / ".fusar/remote")).entries(GPT) == ()
