"""Twenty promoters at once, real processes on one registry and one ledger: one wins and the others are told."""

from pathlib import Path
from typing import Any

import pytest

from components.lineage.journal import journal_url
from components.lineage.versions import open_registry
from components.registry import following, promotion
from components.registry.errors import LostRace
from components.registry.examining import faults_of
from components.registry.ledger import Ledger
from components.registry.policy import parse_policy
from components.revisions.home import Home
from tests.components.registry import killing
from tests.components.registry.made import POLICY
from tests.components.registry.test_kills import repository as repository
from tests.components.registry.test_promotion import GPT, add_version, aliases

PROMOTERS = 20


def promote(root: Path, version: str, all_have_looked: Any, answers: Any) -> None:
    """Promote; between looking at the ledger and writing to it, wait for all the others to have looked."""
    killing.forget_store()
    judge = promotion.judge

    def judge_and_wait(*arguments: Any) -> promotion.Verdict:
        verdict = judge(*arguments)
        all_have_looked.wait(300)
        return verdict

    promotion.judge = judge_and_wait
    try:
        state = promotion.Promoter(Home(root), parse_policy(POLICY.encode(), "test")).promote(GPT, version).state
        answers.put((version, state))
    except LostRace as lost:
        answers.put((version, f"lost {lost.number}"))


@pytest.mark.slow
def test_of_twenty_promoters_at_once_one_wins_the_others_are_told_and_the_ledger_is_whole(repository: Path) -> None:
    versions = [add_version(repository, 0.6 + number / 100) for number in range(4)]
    wanted = [versions[number % 4] for number in range(PROMOTERS)]
    all_have_looked, answers = killing.CONTEXT.Barrier(PROMOTERS), killing.CONTEXT.Queue()
    racers = [
        killing.CONTEXT.Process(target=promote, args=(repository, version, all_have_looked, answers))
        for version in wanted
    ]
    for racer in racers:
        racer.start()
    said = sorted(answers.get(timeout=300) for _ in racers)
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * PROMOTERS
    won = [version for version, state in said if state == "champion"]
    assert len(won) == 1
    assert [state for _, state in said].count("lost 1") == PROMOTERS - 1
    client, ledger = open_registry(repository), Ledger(journal_url(repository))
    (entry,) = ledger.entries(GPT)
    assert (entry.entry.version, aliases(client)["champion"]) == (won[0], won[0])
    assert faults_of(client, ledger, GPT) == ()


def test_a_promoter_that_set_the_alias_by_an_older_entry_sets_it_right(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow promoter has read entry 1 when another writes entry 2 with its alias: the ledger has the last word."""
    client, ledger = open_registry(repository), Ledger(journal_url(repository))
    promoter = promotion.Promoter(Home(repository), parse_policy(POLICY.encode(), "test"))
    promoter.promote(GPT, add_version(repository, 0.7))
    old = ledger.entries(GPT)
    promoter.promote(GPT, add_version(repository, 0.8))
    views = iter([old])
    entries = Ledger.entries
    monkeypatch.setattr(Ledger, "entries", lambda self, model: next(views, None) or entries(self, model))
    monkeypatch.setattr(following, "told_entry", lambda *_: (1, old[0].sha256))
    done = following.follow(client, ledger, GPT)
    assert done[0] == "alias champion set to version 1"
    assert aliases(client)["champion"] == "2"
