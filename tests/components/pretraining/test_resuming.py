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


def ask_to_end(monkeypatch: pytest.MonkeyPatch, at: int, asked: list[int]) -> None:
    """SIGTERM when the training looks for it the `at`th time: before a step, or a batch of a screening."""
    heed = Guard.heed

    def looks(self: Guard) -> None:
        asked.append(at)
        if len(asked) == at:
            os.kill(os.getpid(), signal.SIGTERM)
        heed(self)

    monkeypatch.setattr(Guard, "heed", looks)


def test_sigterm_at_any_point_costs_nothing_and_changes_no_byte(checkout, checkpoints, monkeypatch):
    monkeypatch.chdir(checkout)
    asked: list[int] = []
    with monkeypatch.context() as patch:
        ask_to_end(patch, 0, asked)
        main(STAGES, ["pretrain"])
    undisturbed, points = outputs(checkout), len(asked)
    # Before each step, in the screening before each step of phases two and three, and in the last screening.
    assert points >= STEPS + 4 + 1
    for at in range(1, points + 1):
        with monkeypatch.context() as patch:
            ask_to_end(patch, at, [])
            with pytest.raises(SystemExit) as ended:
                main(STAGES, ["pretrain"])
        assert ended.value.code == PUT_DOWN
        assert not (checkout / "outputs/pretrain/klip").exists()
        main(STAGES, ["pretrain"])
        assert outputs(checkout) == undisturbed, f"asked to end at point {at}"
    assert not [path for path in checkpoints.rglob("*") if path.is_file()]
