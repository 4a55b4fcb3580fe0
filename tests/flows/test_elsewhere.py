"""Stages on machines that share a git remote, a DVC remote and MLflow, and no folder: real git, DVC and MLflow."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.revisions.admission import admit
from components.revisions.checkout import check_out
from components.revisions.clone import make_home, published
from components.revisions.errors import Poisoned
from components.revisions.staleness import StageState
from flows.errors import StageFailed
from flows.recording import Recorder
from flows.stage_run import Work, bring_up_to_date
from tests.small_house import environment, run, traced

Entries = dict[str, Any]
Bring = Callable[[str, str, Entries], tuple[str, Entries]]


@pytest.fixture
def bring(built_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Brings a stage up to date on a machine of some name, from the entries that it is told alone."""
    for name, value in environment(tmp_path / "trace").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    shutil.copytree(built_house / ".fusar/remote", tmp_path / "store")
    run(tmp_path, "git", "clone", "--quiet", "--bare", str(built_house), "remote.git")

    def on(machine: str, stage: str, entries: Entries) -> tuple[str, Entries]:
        home = make_home(tmp_path / machine, (tmp_path / "remote.git").as_uri(), str(tmp_path / "store"))
        commit = published(home, "main")
        admit(home, commit)
        checkout = check_out(home, commit, "laptop")
        work = Work(home, checkout, Recorder(home, checkout, "flow-run"), json.loads(json.dumps(entries)))
        outcome = bring_up_to_date(work, StageState(stage, True, (), (), ()), False)
        return outcome.outcome, json.loads(json.dumps(work.entries))

    return on


def test_a_stage_goes_on_elsewhere_from_lock_entries_and_its_result_is_trusted_no_further_than_mlflow(bring, tmp_path):
    first, cut = bring("one", "cut", {})
    second, both = bring("two", "count", cut)
    assert (first, second) == ("ran", "ran")
    assert traced(tmp_path / "trace") == ["cut", "count"]
    made = {name: {path.parent.name for path in (tmp_path / name).rglob("metrics.json")} for name in ("one", "two")}
    assert made == {"one": {"cut"}, "two": {"count"}}
    assert set(both) == {"cut", "count"}
    # A third machine restores what the second ran.
    third, same = bring("three", "count", cut)
    assert (third, same) == ("restored", both)
    assert traced(tmp_path / "trace") == ["cut", "count"]
    # Somebody who may write to the store puts another object that it has under the inputs of `count`.
    (entry,) = [
        path for path in (tmp_path / "store/runs").rglob("*") if path.is_file() and "counting" in path.read_text()
    ]
    counts, metrics = (out["md5"] for out in both["count"]["outs"])
    entry.write_text(entry.read_text().replace(counts, metrics))
    os.utime(entry)
    with pytest.raises(Poisoned, match="no run in MLflow made it from these inputs"):
        bring("four", "count", cut)


def test_data_that_nobody_pushed_is_named_with_what_to_do(bring, tmp_path):
    shutil.rmtree(tmp_path / "store/files")
    with pytest.raises(StageFailed, match=r"targets: data: neither this machine nor the DVC remote .* `dvc push`"):
        bring("one", "cut", {})
