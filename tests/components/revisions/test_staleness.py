import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.revisions.errors import UnknownStage, UnreadableGraph, UnsafeOutput
from components.revisions.staleness import ask
from tests.small_house import dvc, traced

Change = Callable[[Path], object]


def write(path: str, text: str) -> Change:
    return lambda folder: (folder / path).write_text(text)


def edit(path: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new))

    return change


def without_output(folder: Path) -> None:
    (folder / "outputs/count/counts.json").unlink()


def without_any_output(folder: Path) -> None:
    shutil.rmtree(folder / "outputs")


def without_lock(folder: Path) -> None:
    (folder / "dvc.lock").unlink()


def with_an_older_lock(folder: Path) -> None:
    """The lock of a state in which one parameter and one scene were different."""
    lock = (folder / "dvc.lock").read_text()
    edit("params.yaml", "step: 1", "step: 2")(folder)
    (folder / "data/0.txt").write_text("another scene")
    dvc(folder, "add", "--quiet", "data")
    dvc(folder, "repro", "--quiet", trace=folder / "ignored-trace")
    (folder / "ignored-trace").unlink()
    (folder / "dvc.lock").write_text(lock)


def with_a_stage_more(folder: Path) -> None:
    edit(
        "dvc.yaml",
        "stages:\n",
        "stages:\n  copy:\n    cmd: cp outputs/count/counts.json outputs/copy.json && "
        "echo copy >> $SMALL_HOUSE_TRACE\n    deps: [outputs/count/counts.json]\n    outs: [outputs/copy.json]\n",
    )(folder)


def with_changed_data(folder: Path) -> None:
    (folder / "data/1.txt").write_text("a scene that was corrected")
    dvc(folder, "add", "--quiet", "data")


def with_a_scene_more(folder: Path) -> None:
    (folder / "data/9.txt").write_text("a new scene")
    dvc(folder, "add", "--quiet", "data")


CHANGES: dict[str, Change] = {
    "nothing": lambda folder: None,
    "a parameter of the first stage": edit("params.yaml", "longest: 40", "longest: 5"),
    "a parameter of the first stage without effect": edit("params.yaml", "longest: 40", "longest: 41"),
    "a parameter of the last stage": edit("params.yaml", "factor: 1.0", "factor: 2.0"),
    "a comment in the parameters": edit("params.yaml", "cut:", "# why\ncut:"),
    "the content of a scene": with_changed_data,
    "a scene more": with_a_scene_more,
    "the code of a stage": edit("components/counting/stage.py", "import Field", "import Field  # new"),
    "the code of a foundation": edit("components/words/letters.py", "isalpha", "isalnum"),
    "an input of the last stage alone": write("withdrawn.csv", "0.txt"),
    "the run-time packages": write("requirements.lock", "numpy==2.4.6"),
    "a compiled file": lambda folder: (folder / "components/words/__pycache__").mkdir(),
    "an output edited by hand": lambda folder: (
        (folder / "outputs/count/counts.json").unlink(),
        write("outputs/count/counts.json", "{}")(folder),
    ),
    "a missing output": without_output,
    "no output on disk": without_any_output,
    "no lock": without_lock,
    "an older lock": with_an_older_lock,
    "a stage more": with_a_stage_more,
}


def agree(folder: Path) -> None:
    """What `ask` calls stale plain `dvc repro` runs, but for stages below one whose output stayed the same."""
    states = ask(folder)
    trace = folder.parent / "plain"
    # Without the results of earlier runs a run is a run; an output that is only missing or edited is still restored.
    dvc(folder, "repro", "--quiet", "--no-run-cache", trace=trace)
    ran = set(traced(trace))
    trace.unlink(missing_ok=True)
    stale = {state.name for state in states if state.is_stale}
    for_themselves = {s.name for s in states if any(not re.search("runs before it|^output", r) for r in s.reasons)}
    assert for_themselves <= ran <= stale
    assert not any(state.is_stale for state in ask(folder))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_stale_is_what_plain_dvc_repro_runs_after(change, finished_house):
    change(finished_house)
    agree(finished_house)


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.sampled_from(sorted(CHANGES)), min_size=2, max_size=4, unique=True))
def test_what_is_stale_is_what_plain_dvc_repro_runs_after_several_changes_at_once(names, run_house, tmp_path_factory):
    folder = tmp_path_factory.mktemp("several") / "house"
    shutil.copytree(run_house, folder, symlinks=True)
    # The lock goes last: the changes before it may need it.
    for name in sorted(names, key=lambda name: "lock" in name):
        try:
            CHANGES[name](folder)
        except (AssertionError, FileNotFoundError):  # two changes of the same line or file
            return
    agree(folder)


def test_the_reasons_name_the_parameter_the_file_and_the_stage_above(finished_house):
    edit("params.yaml", "step: 1", "step: 3")(finished_house)
    write("withdrawn.csv", "0.txt")(finished_house)
    cut, count, total = ask(finished_house)
    assert (cut.name, cut.is_stale, cut.reasons) == ("cut", False, ())
    assert (count.name, count.reasons) == ("count", ("count.step changed from 1 to 3",))
    assert (total.name, total.reasons) == ("total", ("withdrawn.csv modified", "count runs before it"))
    assert (cut.needs, count.needs) == (("data",), ("outputs/cut/pieces",))


def test_a_forced_stage_and_what_lies_below_it_count_as_stale(finished_house):
    assert [state.reasons for state in ask(finished_house, {"count"})] == [(), ("forced",), ("count runs before it",)]
    with pytest.raises(UnknownStage, match=r"'cuont': not in the graph; the stages are cut, count, total"):
        ask(finished_house, {"cuont"})


def test_an_empty_checkout_with_a_fitting_lock_needs_nothing(finished_house):
    shutil.rmtree(finished_house / "outputs")
    shutil.rmtree(finished_house / "data")
    assert not any(state.is_stale for state in ask(finished_house))
    assert not (finished_house / "outputs").exists()


def test_new_data_make_the_stages_stale_although_nothing_lies_on_disk(finished_house):
    with_a_scene_more(finished_house)
    shutil.rmtree(finished_house / "outputs")
    shutil.rmtree(finished_house / "data")
    assert [state.reasons for state in ask(finished_house)] == [
        ("data modified",),
        ("cut runs before it",),
        ("count runs before it",),
    ]


def test_an_output_behind_a_committed_link_is_refused(house, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (house / "outputs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeOutput, match="symbolic link"):
        ask(house)


def test_a_graph_that_dvc_refuses_is_one_clear_error(house):
    write("dvc.yaml", "stages: [")(house)
    with pytest.raises(UnreadableGraph, match=r"dvc\.yaml"):
        ask(house)
