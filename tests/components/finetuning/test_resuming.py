import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.finetuning.stage import run_align, run_instruct
from components.training.resuming import PUT_DOWN, Guard
from tests.faults.injections import in_the_table

ROOT = Path(__file__).parents[3]
STEPS = 5
LONGER = {"steps": STEPS, "checkpoint_every": 2, "validate_every": 2}
# A real process that is struck by a real signal behind a step, with or without a checkpoint of that step.
STRUCK = """
import os, sys
from components.finetuning.stage import STAGES
from components.training.launching import main
from components.training.resuming import Guard
passed, (stage, step, number) = Guard.passed, sys.argv[1:]
def struck(self, done):
    passed(self, done)
    if done == int(step):
        os.kill(os.getpid(), int(number))
Guard.passed = struck
main(STAGES, [stage])
"""


def bytes_of(outputs: dict[str, Path]) -> dict[str, bytes]:
    """Content of every file, by output and path inside it."""
    files = [(name, path, file) for name, path in outputs.items() for file in [path, *path.rglob("*")]]
    return {f"{name}/{file.relative_to(path)}": file.read_bytes() for name, path, file in files if file.is_file()}


def struck_behind(step: int) -> Callable[[Guard, int], None]:
    passed = Guard.passed

    def struck(self: Guard, done: int) -> None:
        passed(self, done)
        if done == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return struck


@pytest.fixture(scope="module")
def undisturbed(inputs, params, outputs_in, tmp_path_factory):
    aligned, instructed = (outputs_in(tmp_path_factory.mktemp(name)) for name in ("align", "instruct"))
    run_align(params.align(**LONGER), inputs, aligned)
    run_instruct(params.instruct(**LONGER), inputs | {"gpt": aligned["gpt"]}, instructed)
    return {"align": aligned, "instruct": instructed}


@pytest.mark.parametrize("stage", ["align", "instruct"])
def test_sigterm_behind_every_step_costs_nothing_and_changes_no_byte(
    stage, undisturbed, inputs, params, outputs_in, tmp_path, monkeypatch, checkpoints
):
    outputs = outputs_in(tmp_path)
    run = {"align": run_align, "instruct": run_instruct}[stage]
    config = getattr(params, stage)(**LONGER)
    given = inputs | ({"gpt": undisturbed["align"]["gpt"]} if stage == "instruct" else {})
    for step in range(1, STEPS):
        with monkeypatch.context() as patch:
            patch.setattr(Guard, "passed", struck_behind(step))
            with pytest.raises(SystemExit) as ended:
                run(config, given, outputs)
        assert ended.value.code == PUT_DOWN
        assert not bytes_of(outputs)
    taken: list[int] = []
    monkeypatch.setattr(Guard, "passed", lambda self, done: taken.append(done))
    run(config, given, outputs)
    assert taken == [STEPS]
    assert bytes_of(outputs) == bytes_of(undisturbed[stage])
    assert not [path for path in checkpoints.rglob("*") if path.is_file()]


def struck_process(folder: Path, stage: str, step: int, number: int) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", STRUCK, stage, str(step), str(int(number))]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode


def outputs_of(folder: Path, stage: str) -> dict[str, bytes]:
    outputs = folder / "outputs" / stage
    return {str(path.relative_to(outputs)): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}


@in_the_table(
    "kill -9 or SIGTERM of a training, behind every step in turn",
    "one command",
    "of a kill the steps since the last checkpoint, of a SIGTERM nothing",
    times=6,
)
@pytest.mark.parametrize(
    "strikes",
    [
        [(3, signal.SIGKILL)],
        pytest.param(
            [(1, signal.SIGKILL), (2, signal.SIGTERM), (3, signal.SIGKILL), (4, signal.SIGTERM), (5, signal.SIGKILL)],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["once", "at every step"],
)
def test_a_killed_process_is_gone_on_with_by_the_next(strikes, params, tmp_path):
    (tmp_path / "undisturbed").mkdir()
    for name in ("struck", "undisturbed"):
        params.in_a_checkout(tmp_path / name, **LONGER)
    assert struck_process(tmp_path / "undisturbed", "align", 0, signal.SIGKILL) == 0
    for step, number in strikes:
        code = struck_process(tmp_path / "struck", "align", step, number)
        # Behind the last step there is no step left to stop before.
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else PUT_DOWN)
        assert not outputs_of(tmp_path / "struck", "align")
    assert struck_process(tmp_path / "struck", "align", 0, signal.SIGKILL) == 0
    written = outputs_of(tmp_path / "struck", "align")
    assert len(written) == 5 and written == outputs_of(tmp_path / "undisturbed", "align")
