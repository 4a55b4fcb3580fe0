"""Killed before each single write of a promotion: the reconciler brings ledger, tags and aliases together again."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.lineage.journal import journal_url
from components.lineage.versions import VERDICT_TAG, open_registry, versions_of
from components.registry.errors import RollbackRefused
from components.registry.examining import faults_of
from components.registry.following import told_entry
from components.registry.ledger import Ledger
from components.registry.policy import parse_policy
from components.registry.promotion import Promoter
from components.registry.reconciling import reconcile
from components.revisions.home import Home
from tests.components.registry import killing
from tests.components.registry.made import POLICY
from tests.components.registry.test_promotion import GPT, add_version, aliases
from tests.small_house import commit, run


def promoter(root: Path) -> Promoter:
    return Promoter(Home(root), parse_policy(POLICY.encode(), "test"))


def consider(root: Path, version: str) -> None:
    promoter(root).consider(GPT, version)


def promote(root: Path, version: str) -> None:
    promoter(root).promote(GPT, version)


def rollback(root: Path, version: str) -> None:
    promoter(root).rollback(GPT, version, "counts ships twice")


@pytest.fixture
def repository(root: Path) -> Path:
    """A repository with a committed policy and no version."""
    (root / "promotion.yaml").write_text(POLICY)
    (root / "withdrawn.csv").write_text("")
    (root / ".gitignore").write_text("mlruns\n.fusar\nversion\n")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    commit(root, "policy")
    return root


def stands(root: Path) -> dict[str, Any]:
    """What ledger, aliases and tags say."""
    client, ledger = open_registry(root), Ledger(journal_url(root))
    return {
        "champion": ledger.champion(GPT),
        "entries": len(ledger.entries(GPT)),
        "told": told_entry(client, GPT)[0],
        "aliases": aliases(client),
        "words": [version.tags.get(VERDICT_TAG, "none").split()[0] for version in versions_of(client, GPT)],
    }


def mended(work: Any, root: Path, version: str) -> dict[str, Any]:
    """What a kill left, what stands after reconciling, what did not settle, and what the same command makes of it."""
    killed = stands(root)
    steps, again = reconcile(Home(root)), reconcile(Home(root))
    is_open = [str(step) for step in (*(step for step in steps if not step.is_mended), *again)]
    faults = [str(fault) for fault in faults_of(open_registry(root), Ledger(journal_url(root)), GPT)]
    found = {**stands(root), "open": is_open, "faults": faults}
    with contextlib.suppress(RollbackRefused):  # the version is champion again already
        work(root, version)
    return {"killed": killed, "mended": found, "repeated": stands(root)}


class Snapshot:
    """The state of a repository, put back in place: MLflow keeps absolute paths."""

    def __init__(self, root: Path, kept: Path) -> None:
        self.root, self.kept = root, kept
        for name in ("mlruns", ".fusar"):
            (root / name).mkdir(exist_ok=True)
            shutil.copytree(root / name, kept / name, symlinks=True)

    def restore(self) -> None:
        for name in ("mlruns", ".fusar"):
            shutil.rmtree(self.root / name)
            shutil.copytree(self.kept / name, self.root / name, symlinks=True)


CASES = [
    ([], consider, "1", {"entries": 1, "aliases": {"champion": "1"}}),
    ([consider], consider, "2", {"entries": 1, "aliases": {"champion": "1", "challenger": "2"}}),
    ([consider, consider], promote, "2", {"entries": 2, "aliases": {"champion": "2"}}),
    ([consider, promote], rollback, "1", {"entries": 3, "aliases": {"champion": "1"}}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "work", "version", "wanted"), CASES)
def test_a_promotion_that_was_killed_at_any_write_is_whole_or_did_not_happen(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, before: Any, work: Any, version: str, wanted: Any
) -> None:
    add_version(repository, 0.7)
    if before:
        killing.run(before[0], repository, "1", root=repository)
        add_version(repository, 0.9)
    for step in before[1:]:
        killing.run(step, repository, "2", root=repository)
    snapshot = Snapshot(repository, tmp_path_factory.mktemp("kept"))
    writes = killing.run(work, repository, version, root=repository)["writes"]
    assert len(writes) >= 6
    for number, write in enumerate(writes, start=1):
        snapshot.restore()
        assert killing.run(work, repository, version, root=repository, kill_before=number) is None, write
        answer = killing.run(mended, work, repository, version, root=repository)["answer"]
        killed, found = answer["killed"], answer["mended"]
        message = f"killed before write {number}, {write}: {answer}"
        # What the ledger said at the kill is what holds: no promotion is lost and none is invented. A first version
        # that no champion stands against is held against the policy, as its own retrain would have done.
        assert found["entries"] == max(killed["entries"], 1), message
        assert (found["open"], found["faults"]) == ([], []), message
        assert "writing" not in found["words"], message
        assert found["aliases"]["champion"] == found["champion"], message
        assert found["aliases"].get("challenger") != found["champion"], message
        assert found["told"] == found["entries"], message
        assert {name: answer["repeated"][name] for name in wanted} == wanted, message
