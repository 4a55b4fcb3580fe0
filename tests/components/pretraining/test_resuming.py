import itertools
import os
import signal
from pathlib import Path

import pytest

from components.contract.entry import main
from components.pretraining.stage import STAGES
from components.training.resuming import PUT_DOWN, Guard

STEPS = 6


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSAR_CHECKPOINTS", str(tmp_path / "remote/checkpoints"))
    return tmp_path / "remote/checkpoints"


def outputs(folder: Path) -> dict[str, bytes]:
    made = folder / "outputs/pretrain"
    return {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}


def ask_to_end(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """SIGTERM when the training looks for it the `at`th time: before a step, or a batch of a screening."""
    heed, looks = Guard.heed, itertools.count(1)

    def look(self: Guard) -> None:
        if next(looks) == at:
            os.kill(os.getpid(), signal.SIGTERM)
        heed(self)

    monkeypatch.setattr(Guard, "heed", look)


def test_sigterm_again_and_again_costs_nothing_and_changes_no_byte(checkout, checkpoints, monkeypatch):
    monkeypatch.chdir(checkout)
    main(STAGES, ["pretrain"])
    undisturbed, ends = outputs(checkout), 0
    # The second look is inside a screening where there is one, the third behind it: each is cut short once.
    for at in itertools.cycle((2, 3)):
        with monkeypatch.context() as patch:
            ask_to_end(patch, at)
            try:
                main(STAGES, ["pretrain"])
            except SystemExit as ended:
                assert ended.code == PUT_DOWN
                assert not (checkout / "outputs/pretrain/klip").exists()
                ends += 1
            else:
                break
    assert ends >= STEPS
    assert outputs(checkout) == undisturbed
    assert not [path for path in checkpoints.rglob("*") if path.is_file()]
