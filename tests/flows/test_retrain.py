import json
import shutil
from pathlib import Path

import pytest

from components.revisions.errors import RefusedRevision, UnknownStage
from components.revisions.git import dirty_files
from components.revisions.home import Home
from components.revisions.lock import kept_lock, read_lock
from components.revisions.staleness import entry_before_run
from components.tracking.keys import input_key
from components.tracking.runs import Tracking
from flows.errors import RefusedParameters, StageFailed
from flows.planning import plan, settled
from flows.retrain import Retrained, retrain
from tests.components.lineage.events.listening import check
from tests.small_house import IDENTITY, commit, dvc, environment, traced
from tests.small_house import run as run_command


def run(house: Path, profile: str = "laptop", force: tuple[str, ...] = (), revision: str = "HEAD") -> Retrained:
    retrained: Retrained = retrain(house, revision, profile, force)
    return retrained


def outcomes(retrained: Retrained) -> list[str]:
    return [stage.outcome for stage in retrained.stages]


def told(house: Path, stage: str) -> list[tuple[str, bool]]:
    """OpenLineage events of a stage: kind, and whether its outputs were restored."""
    events = [json.loads(line) for line in (house / ".fusar/openlineage.jsonl").read_text().splitlines()]
    for event in events:
        check(event)
    own = [event for event in events if event["job"]["name"] == f"{stage}.laptop"]
    return [(event["eventType"], event["run"]["facets"]["fusar"]["facts"]["restored"]) for event in own]


def change(house: Path, path: str, old: str, new: str) -> None:
    file = house / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    commit(house)


def runs_of(house: Path, kind: str) -> list:
    tracking = Tracking(house)
    return tracking.client.search_runs([tracking.experiment_id], f"tags.`fusar.kind` = '{kind}'")


@pytest.fixture(scope="module")
def finished(house_with_runs, tmp_path_factory) -> tuple[Path, Retrained]:
    """A small house with an uncommitted file, retrained once; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("finished")
    house = Path(shutil.copytree(house_with_runs, folder / "house", symlinks=True))
    (house / "withdrawn.csv").write_text("0.txt 1.txt 2.txt")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder / "trace").items():
            patch.setenv(name, value)
        return house, run(house)


def test_a_retrain_runs_every_stage_once_and_registers_what_came_of_it(finished):
    house, first = finished
    assert [stage.name for stage in first.stages] == ["cut", "count", "total"]
    assert outcomes(first) == ["ran"] * 3
    assert traced(house.parent / "trace") == ["cut", "count", "total"]
    assert first.registration.versions == ({"model": "adder", "version": "1", "is_new": True, "simulated": True},)
    assert (len(runs_of(house, "retrain")), len(runs_of(house, "stage"))) == (1, 3)
    assert told(house, "count") == [("START", False), ("COMPLETE", False)]


def test_the_persons_working_tree_takes_no_part_and_is_as_it_was(finished):
    house, _ = finished
    assert (house / "versions.txt").read_text() == "33.0"  # the uncommitted list withdrew nothing
    assert dirty_files(house) == ("versions.txt", "withdrawn.csv")
    assert not (house / "dvc.lock").exists()
    assert not (house / "outputs").exists()


def test_a_second_retrain_runs_nothing_and_makes_no_run_and_no_version(finished):
    house, first = finished
    second = run(house)
    assert outcomes(second) == ["unchanged"] * 3
    assert second.is_unchanged
    assert (second.registration.versions, second.registration.is_new) == (first.registration.versions, False)
    assert (len(runs_of(house, "retrain")), len(runs_of(house, "stage"))) == (1, 3)
    assert settled(house, "HEAD", "laptop") == second
    assert (len(runs_of(house, "retrain")), len(runs_of(house, "stage"))) == (1, 3)


def test_a_commit_that_changes_nothing_of_the_graph_has_all_outputs_in_its_checkout(finished):
    house, first = finished
    (house / "README.md").write_text("new")
    run_command(house, "git", "add", "README.md")
    run_command(house, "git", *IDENTITY, "commit", "--quiet", "--message", "readme", "README.md")
    assert settled(house, "HEAD", "laptop") is None
    second = run(house)
    assert second.is_unchanged
    assert second.checkout != first.checkout
    assert (second.checkout / "outputs/total/total.json").read_text() == "33.0"
    assert settled(house, "HEAD", "laptop") == second


def test_the_key_of_a_stage_run_is_known_before_it_runs(finished):
    house, first = finished
    entries = read_lock(first.checkout / "dvc.lock")
    for name, entry in entries.items():
        assert input_key(entry_before_run(first.checkout, name)) == input_key(entry)
    keys = {stage.data.tags["fusar.stage"]: stage.data.tags["fusar.input_key"] for stage in runs_of(house, "stage")}
    assert keys == {name: input_key(entry) for name, entry in entries.items()}


def test_the_plan_says_why_and_what_it_cost(finished):
    house, _ = finished
    found = plan(house, "HEAD", "laptop", {"total"})
    assert [(stage.is_stale, stage.reasons) for stage in found.stages] == [
        (False, ()),
        (False, ()),
        (True, ("forced",)),
    ]
    assert 0 < found.last_seconds["total"] < 60


def test_new_data_are_in_the_output_although_the_lock_is_old_and_the_checkout_empty(house):
    """The trap of `dvc repro --single-item --pull`: it calls the old output up to date and exits 0."""
    first = run(house)
    old_lock = kept_lock(Home(house), "laptop").read_text()
    shutil.rmtree(first.checkout)
    (house / "data/9.txt").write_text("a new scene")
    dvc(house, "add", "--quiet", "data")
    dvc(house, "push", "--quiet", "data.dvc")
    commit(house)
    second = run(house)
    assert outcomes(second) == ["ran"] * 3
    assert (second.checkout / "outputs/cut/pieces/9.txt").read_text() == "a new scene"
    # The trap itself, so that this test proves something.
    trapped = second.checkout
    shutil.rmtree(trapped / "outputs")
    (trapped / "dvc.lock").write_text(old_lock)
    shutil.rmtree(trapped / "data")
    dvc(trapped, "repro", "--quiet", "--single-item", "--pull", "cut")
    assert not (trapped / "outputs/cut/pieces/9.txt").exists()


def test_what_ran_before_is_restored_and_linked_to_the_run_that_made_it(house):
    run(house)
    change(house, "profiles/laptop.yaml", "step: 1", "step: 2")
    assert outcomes(run(house)) == ["unchanged", "ran", "ran"]
    change(house, "profiles/laptop.yaml", "step: 2", "step: 1")
    third = run(house)
    assert outcomes(third) == ["unchanged", "restored", "restored"]
    assert told(house, "total")[-2:] == [("START", True), ("COMPLETE", True)]
    assert traced(house.parent / "trace") == ["cut", "count", "total", "count", "total"]
    assert third.registration.versions[0]["version"] == "1"
    links = [retrain.data.tags["fusar.stage.count"].split() for retrain in runs_of(house, "retrain")]
    assert sorted(how for how, _ in links) == ["ran", "ran", "restored"]
    assert len({run_id for _, run_id in links}) == 2


@pytest.mark.slow
def test_a_stage_below_one_whose_output_stayed_the_same_is_restored(house):
    run(house)
    change(house, "profiles/laptop.yaml", "longest: 40", "longest: 41")
    assert outcomes(run(house)) == ["ran", "restored", "restored"]


def test_a_forced_stage_runs_in_an_empty_checkout_too(house):
    shutil.rmtree(run(house).checkout)
    assert outcomes(run(house, force=("count",))) == ["unchanged", "ran", "restored"]
    with pytest.raises(UnknownStage, match="'cuont'"):
        run(house, force=("cuont",))


@pytest.mark.slow
def test_profiles_do_not_disturb_each_other(house):
    run(house)
    assert outcomes(run(house, "tiny")) == ["ran"] * 3
    assert outcomes(run(house)) == ["unchanged"] * 3


def test_wrong_parameters_of_several_stages_are_one_error_before_anything_runs(house):
    change(house, "profiles/laptop.yaml", "longest: 40", "longest: 400, shortest: 1")
    change(house, "profiles/laptop.yaml", "factor: 1.0", "factor: -1.0")
    with pytest.raises(RefusedParameters) as caught:
        run(house)
    for words in (r"profiles/laptop.yaml", "cut.longest", "cut.shortest", "total.factor"):
        assert words in str(caught.value)
    assert traced(house.parent / "trace") == []


def test_a_failed_stage_is_named_with_its_reason_and_what_it_showed_is_kept(house, monkeypatch):
    monkeypatch.setenv("SMALL_HOUSE_FAIL_AT", "count")
    with pytest.raises(StageFailed, match="stage count: a file of the test: stage count reads it") as caught:
        run(house)
    assert Path(caught.value.log_file).exists()
    (failed,) = [stage for stage in runs_of(house, "stage") if stage.info.status == "FAILED"]
    tracking = Tracking(house)
    assert [file.path for file in tracking.client.list_artifacts(failed.info.run_id, "side")] == ["side/shown.html"]
    assert [retrain.info.status for retrain in runs_of(house, "retrain")] == ["FAILED"]
    monkeypatch.delenv("SMALL_HOUSE_FAIL_AT")
    assert outcomes(run(house)) == ["unchanged", "ran", "ran"]
    assert told(house, "count")[:2] == [("START", False), ("FAIL", False)]


def test_data_that_neither_cache_nor_remote_holds_are_named(house):
    (house / "data/3.txt").write_text("3")
    dvc(house, "add", "data")
    commit(house)
    shutil.rmtree(house / ".dvc/cache/files")
    with pytest.raises(
        StageFailed, match=r"stage cut: .*targets: data: neither this machine nor the DVC remote has it"
    ):
        run(house)


def test_a_revision_that_looks_like_an_option_is_refused(house):
    with pytest.raises(RefusedRevision):
        run(house, revision="--upload-pack=x")
