"""Approvals in a real journal, on real versions of a real registry."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.lineage.errors import BrokenJournal
from components.lineage.evaluations import EVALUATION_TAG
from components.lineage.versions import fetch, logged_model_id, open_registry
from components.registry.approvals import APPROVALS_TAG, Person, approvals_of, approve, reject, standing, who_speaks
from components.registry.candidate_digest import candidate_digest
from components.registry.comparison import comparison, in_words
from components.registry.errors import UnsaidApproval
from components.registry.ledger import Ledger
from components.registry.policy import Policy, parse_policy
from components.registry.promotion import Promoter, Verdict
from components.revisions.home import Home
from components.tracking.errors import ServerRefusal
from tests.components.registry.test_promotion import GPT, add_version, aliases

ANNA, BERT = Person("anna", False), Person("bert", False)


def policy(needed: int = 1, people: str = "[]", verified: str = "false") -> Policy:
    gate = f"  - {{gate: approvals, needed: {needed}, from: {people}, verified: {verified}}}\n"
    floor = "  - {gate: metric_floor, metric: count, floor: 0.5, baseline: null, factor: 1, margin: 0.0}\n"
    return parse_policy(f"fusar-klip:\n{gate}fusar-gpt:\n{floor}{gate}".encode(), "test")


def consider(root: Path, version: str, rules: Policy) -> Verdict:
    return Promoter(Home(root), rules).consider(GPT, version)


def promote(root: Path, version: str, rules: Policy) -> Verdict:
    return Promoter(Home(root), rules).promote(GPT, version)


def say(root: Path, version: str, person: Person, word: str = "approve", reason: str = "looked at it") -> str:
    client = open_registry(root)
    state = {"approve": approve, "reject": reject}[word]
    return state(Home(root), client, client.get_model_version(GPT, version), reason, person).digest


def reason_of(verdict: Verdict) -> str:
    return next(judged.outcome.reason for judged in verdict.gates if judged.gate == "approvals")


def test_a_candidate_waits_for_two_people_and_is_champion_with_the_second_word(root: Path) -> None:
    version, rules = add_version(root, 0.9), policy(needed=2)
    waiting = consider(root, version, rules)
    assert (waiting.state, waiting.passed) == ("awaiting approval", False)
    assert reason_of(waiting) == "0 of 2 approvals (asked: anybody)"
    assert "champion" not in aliases(open_registry(root))
    say(root, version, ANNA)
    say(root, version, ANNA, reason="the same person twice is one")
    once = promote(root, version, rules)
    assert once.state == "awaiting approval"
    assert reason_of(once) == "1 of 2 approvals (approved by anna (unverified); asked: anybody)"
    say(root, version, BERT)
    assert promote(root, version, rules).state == "champion"
    assert aliases(open_registry(root))["champion"] == version
    assert len(Ledger(str(root / ".fusar/remote")).entries(GPT)) == 1


def test_people_cannot_lift_what_another_gate_refuses(root: Path) -> None:
    version = add_version(root, 0.3)
    say(root, version, ANNA)
    verdict = consider(root, version, policy())
    assert (verdict.passed, verdict.state) == (False, "challenger")
    assert reason_of(verdict) == "1 of 1 approvals: approved by anna (unverified)"


def test_one_rejection_outweighs_all_until_its_author_approves(root: Path) -> None:
    version, rules = add_version(root, 0.9), policy()
    consider(root, version, rules)
    say(root, version, ANNA)
    say(root, version, BERT, "reject", "takes turbines for ships")
    refused = promote(root, version, rules)
    assert (refused.state, reason_of(refused)) == (
        "checked",
        "rejected by bert (unverified): takes turbines for ships",
    )
    say(root, version, BERT, reason="the turbines are gone")
    assert promote(root, version, rules).state == "champion"


@pytest.mark.parametrize("change", ["weights", "new file", "new evaluation"])
def test_a_changed_candidate_voids_the_approval(change: str, root: Path) -> None:
    version, rules = add_version(root, 0.9), policy()
    client = open_registry(root)
    digest = say(root, version, ANNA)
    found = client.get_model_version(GPT, version)
    assert candidate_digest(client, found) == digest
    model_id = logged_model_id(found)
    (root / "other.txt").write_text("a file that nobody has looked at")
    if change == "weights":
        location = Path(client.get_logged_model(model_id).artifact_location.removeprefix("file://"))
        lineage = location / "lineage.json"
        lineage.write_bytes(lineage.read_bytes().replace(b"fusar-klip", b"fusar-klop", 1))
    elif change == "new file":
        client.log_model_artifact(model_id, str(root / "other.txt"), "artifacts/gpt")
    else:
        folder = fetch(client, found, "evaluations/items0.9", root / "old")
        client.log_model_artifacts(model_id, str(folder), "evaluations/newer")
        client.set_model_version_tag(GPT, version, EVALUATION_TAG, "newer")
    verdict = promote(root, version, rules)
    assert verdict.state == "awaiting approval"
    assert "0 of 1 approvals (the word of anna was about other bytes and is void" in reason_of(verdict)
    say(root, version, ANNA)
    assert promote(root, version, rules).state == "champion"


def test_what_a_verdict_writes_does_not_void_the_approval(root: Path) -> None:
    version, rules = add_version(root, 0.9), policy(needed=2)
    digest = say(root, version, ANNA)
    consider(root, version, rules)
    assert say(root, version, BERT) == digest


def test_only_the_names_and_the_certainty_that_the_policy_asks_for_count(root: Path) -> None:
    version = add_version(root, 0.9)
    say(root, version, ANNA)
    strangers = consider(root, version, policy(people="[clara]"))
    assert reason_of(strangers) == "0 of 1 approvals (the word of anna does not count by the policy; asked: clara)"
    assert promote(root, version, policy(verified="true")).state == "awaiting approval"
    say(root, version, Person("anna", True))
    assert promote(root, version, policy(people="[anna]", verified="true")).state == "champion"


def test_the_evidence_holds_every_word_and_which_of_them_count(root: Path, tmp_path: Path) -> None:
    version = add_version(root, 0.9)
    digest = say(root, version, ANNA)
    say(root, version, BERT, "reject", "no")
    judged = next(gate for gate in consider(root, version, policy()).gates if gate.gate == "approvals")
    assert judged.settings == {"needed": 1, "from": (), "verified": False}
    evidence = json.loads(json.dumps(judged.outcome.evidence))
    assert evidence["digest"] == digest
    assert [(one["name"], one["action"], one["counts_now"]) for one in evidence["stated"]] == [
        ("anna", "approve", True),
        ("bert", "reject", True),
    ]
    tags = open_registry(root).get_model_version(GPT, version).tags
    assert tags[APPROVALS_TAG] == "approved by anna (unverified); rejected by bert (unverified)"


def test_twenty_people_at_once_are_all_heard(root: Path) -> None:
    version = add_version(root, 0.9)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: say(root, version, Person(f"person {n}", False)), range(20)))
    found = open_registry(root).get_model_version(GPT, version)
    stated = approvals_of(Home(root), found)
    assert [one.number for one in stated] == list(range(1, 21))
    assert len(standing(stated, stated[0].digest)) == 20


def test_an_edited_approval_is_named_and_nothing_is_promoted(root: Path) -> None:
    version = add_version(root, 0.9)
    say(root, version, ANNA, "reject", "no")
    say(root, version, BERT)
    first = root / ".fusar/remote/approvals/fusar-gpt/1.json"
    first.write_bytes(first.read_bytes().replace(b'"reject"', b'"approve"'))
    edited = consider(root, version, policy())
    assert (edited.state, edited.passed) == ("challenger", False)
    assert "approvals/fusar-gpt/1.json: was changed after entry 2 was written" in reason_of(edited)
    first.write_bytes(first.read_bytes().replace(b'"approve"', b'"praise"'))
    (root / ".fusar/remote/approvals/fusar-gpt/2.json").unlink()
    assert "1.json: is no approval" in reason_of(promote(root, version, policy()))
    with pytest.raises(BrokenJournal):
        say(root, version, BERT)
    assert "champion" not in aliases(open_registry(root))


def test_a_word_needs_a_name_and_a_reason(root: Path) -> None:
    version = add_version(root, 0.9)
    with pytest.raises(UnsaidApproval, match="say who you are: --name NAME"):
        who_speaks(root, "  ")
    with pytest.raises(UnsaidApproval, match="say why"):
        say(root, version, ANNA, reason=" ")
    assert approvals_of(Home(root), open_registry(root).get_model_version(GPT, version)) == ()
    assert who_speaks(root, " anna ") == ANNA


def test_the_comparison_shows_both_versions_and_every_word_as_text(root: Path) -> None:
    consider(root, add_version(root, 0.7), parse_policy(b"""
fusar-klip: [{gate: no_critical_failure}]
fusar-gpt: [{gate: no_critical_failure}]
""", "test"))  # fmt: skip
    version = add_version(root, 0.9)
    say(root, version, Person("<script>alert(1)</script>", False), reason="![x](http://127.0.0.1:9/counter)")
    verdict = consider(root, version, policy(needed=2))
    text = comparison(Home(root), open_registry(root), verdict, "http://127.0.0.1:5000")
    assert "**Awaiting approval**: [fusar-gpt/2](http://127.0.0.1:5000/#/models/fusar-gpt/versions/2" in text
    assert "fusar promote approve fusar-gpt/2" in text
    assert "<script>" not in text and "![x](" not in text and "http://127.0.0.1:9" not in text
    assert in_words(verdict).startswith("fusar-gpt/2 awaiting approval; approvals: 1 of 2 approvals (approved by")


def test_errors_survive_pickling() -> None:
    for error in (UnsaidApproval("name", "is missing"), ServerRefusal("http://a", "does not answer")):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
