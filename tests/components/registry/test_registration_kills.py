"""Killed before each write of a registration: the same retrain again gives each model one whole version."""

from pathlib import Path
from typing import Any

import pytest

from components.lineage.evaluations import read_evaluation
from components.lineage.record import missing_parts
from components.lineage.verification import verify
from components.lineage.versions import open_registry, read_lineage, versions_of
from components.registry.models import MODELS
from components.registry.reconciling import reconcile
from components.registry.registration import Finished, register
from components.revisions.git import git
from components.revisions.home import Home
from tests.components.registry import killing
from tests.components.registry.made import build
from tests.components.registry.test_kills import Snapshot

FILES = "write /mlruns/artifacts"


def registered(finished: Finished) -> dict[str, Any]:
    """Register, and what stands then of each model."""
    register(finished)
    client, home = open_registry(finished.root), Home(finished.root)
    found: dict[str, Any] = {}
    for model in MODELS:
        versions = versions_of(client, model.name)
        read_evaluation(client, versions[0])
        missing = missing_parts(read_lineage(client, versions[0]))
        # The made house pushes nothing: what its remote lacks, it lacked before.
        said = [problem.sentence for problem in verify(home, client, versions[0]).problems]
        problems = [sentence for sentence in said if "DVC remote" not in sentence]
        held = git(finished.root, "for-each-ref", f"refs/fusar/{model.name}/{versions[0].version}").decode().split()[:1]
        found[model.name] = {
            "versions": len(versions),
            "missing": list(missing),
            "problems": problems,
            "held": held == [finished.checkout.commit],
            "described": bool(versions[0].description),
        }
    return found


def reconciled_then_registered(finished: Finished) -> dict[str, Any]:
    """The other order: the reconciler comes before the retrain is repeated."""
    reconcile(Home(finished.root))
    return registered(finished)


def chosen(writes: list[str]) -> list[int]:
    """Numbers of the writes to be killed at: of each row of artifact files only the first and the last; no event's.

    Events are told last and belong to nobody's state.
    """
    return [
        number
        for number, label in enumerate(writes, start=1)
        if "openlineage" not in label
        and not (
            label.startswith(FILES)
            and all(0 <= near < len(writes) and writes[near].startswith(FILES) for near in (number - 2, number))
        )
    ]


@pytest.mark.slow
def test_a_registration_that_was_killed_at_any_write_is_finished_by_the_next(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    house = build(tmp_path_factory.mktemp("house"))
    house.prepare()
    finished = house.retrain()
    root: Path = finished.root
    snapshot = Snapshot(root, tmp_path_factory.mktemp("kept"))
    writes = killing.run(registered, finished, root=root)["writes"]
    numbers = chosen(writes)
    print(f"{len(writes)} writes, killed before {len(numbers)} of them")
    assert len(numbers) >= 12
    whole = {"versions": 1, "missing": [], "problems": [], "held": True, "described": True}
    for place, number in enumerate(numbers):
        snapshot.restore()
        assert killing.run(registered, finished, root=root, kill_before=number) is None, writes[number - 1]
        again = reconciled_then_registered if place % 2 else registered
        answer = killing.run(again, finished, root=root)["answer"]
        assert answer == {model.name: whole for model in MODELS}, (
            f"killed before {number}, {writes[number - 1]}: {answer}"
        )
