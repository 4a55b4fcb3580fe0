import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.small_house import built_house, commit, fusar  # noqa: F401


@pytest.fixture
def house(built_house: Path, tmp_path: Path) -> Path:  # noqa: F811
    return Path(shutil.copytree(built_house, tmp_path / "house", symlinks=True))


def ask(house: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = fusar(house, *arguments)
    stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def test_a_plan_in_json_is_all_that_stdout_holds(house):
    answer = ask(house, "plan", "--json", "--profile", "tiny")
    assert answer.returncode == 0, answer.stderr
    plan = json.loads(answer.stdout)
    assert plan["profile"] == "tiny"
    assert [(stage["name"], stage["is_stale"]) for stage in plan["stages"]] == [
        ("cut", True),
        ("count", True),
        ("total", True),
    ]
    assert plan["stages"][1]["reasons"] == ["it has not run yet", "cut runs before it"]


@pytest.mark.parametrize(("arguments", "words"), [
    (["plan", "--profile", "huge"], "error: profile 'huge': commit"),
    (["plan", "--revision", "nowhere"], "error: revision 'nowhere': no such commit"),
    (["plan", "--revision=--upload-pack=x"], "error: revision '--upload-pack=x': empty or begins with '-'"),
    (["plan", "--force", "cuont"], "error: stage 'cuont': not in the graph; the stages are cut, count, total"),
])  # fmt: skip
def test_bad_input_is_one_clear_line(arguments, words, house):
    answer = ask(house, *arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(words)
    assert len(answer.stderr.splitlines()) == 1


def test_a_plan_names_every_wrong_parameter_of_every_stage(house):
    file = house / "profiles/tiny.yaml"
    file.write_text(
        file.read_text().replace("longest: 4", "longest: 0, shortest: 1").replace("factor: 1.0", "factor: x")
    )
    commit(house)
    answer = ask(house, "plan", "--profile", "tiny")
    assert answer.returncode == 1
    assert "profile tiny: profiles/tiny.yaml: correct these parameters" in answer.stderr
    for key in ("cut.longest", "cut.shortest", "total.factor"):
        assert key in answer.stderr


@pytest.mark.slow
def test_a_retrain_without_work_takes_less_than_15_seconds_with_its_server(house):
    (house / "withdrawn.csv").write_text("0.txt")
    first = ask(house, "retrain")
    assert first.returncode == 0, first.stderr
    assert "not part of this run, because not committed: withdrawn.csv" in first.stderr
    assert "adder/1  new  champion" in first.stdout
    started = time.monotonic()
    second = ask(house, "retrain")
    seconds = time.monotonic() - started
    assert second.returncode == 0, second.stderr
    assert "Nothing was stale" in second.stdout
    assert "adder/1  known  champion" in second.stdout
    print(f"a retrain without work: {seconds:.1f} s")
    assert seconds < 15
