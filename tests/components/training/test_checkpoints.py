import io
import os
import pickle
from pathlib import Path

import pytest
import torch

from components.contract.stage import StageConfig
from components.training.checkpoints import Checkpoints, checkpoints_of
from components.training.errors import BadCheckpoint, Indivisible, LoneProcess, LostProcess, WrongProcesses

CODE = ("components.training",)


class Config(StageConfig):
    steps: int


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def store(tmp_path: Path) -> Checkpoints:
    return Checkpoints(str(tmp_path / "remote"), "ab12")


@pytest.fixture
def key_of(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSAR_CHECKPOINTS", str(tmp_path / "remote"))

    def key(folder: str = "here", content: str = "chips", steps: int = 3, stage: str = "align") -> str:
        file = tmp_path / folder / "chips" / "a.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return checkpoints_of(stage, Config(steps=steps), {"chips": file.parent}, CODE).key

    return key


def test_what_was_kept_last_is_found_under_its_own_key_until_it_is_cleared(store):
    assert store.newest() is None
    for number in (1, 2):
        store.keep({"done": number, "weights": {"w": torch.full((3,), number)}})
    found = store.newest()
    assert found is not None and found["done"] == 2 and torch.equal(found["weights"]["w"], torch.full((3,), 2))
    assert Checkpoints(store.url, "ab13").newest() is None
    store.clear()
    store.clear()
    assert store.newest() is None and not [path for path in Path(store.url).rglob("*") if path.is_file()]


def test_code_in_a_checkpoint_is_never_run(store, tmp_path, capsys):
    content = io.BytesIO()
    torch.save({"done": Trap(tmp_path / "sprung")}, content)
    store.put(store.key, content.getvalue())
    assert store.newest() is None
    assert not (tmp_path / "sprung").exists()
    assert "training starts anew" in capsys.readouterr().err
    store.put(store.key, pickle.dumps(Trap(tmp_path / "sprung")))
    assert store.newest() is None and not (tmp_path / "sprung").exists()


def test_a_damaged_checkpoint_is_none(store):
    store.keep({"done": 1})
    file = Path(store.place)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert store.newest() is None


def test_a_store_that_cannot_be_used_stops_no_training(tmp_path, capsys):
    (tmp_path / "remote").write_text("a file where the folder should be")
    store = Checkpoints(str(tmp_path / "remote"), "ab12")
    store.keep({"done": 1})
    assert "checkpoint not kept, training goes on" in capsys.readouterr().err
    assert store.newest() is None


def test_the_key_follows_content_parameters_and_stage_and_nothing_else(key_of):
    first = key_of()
    assert key_of(folder="elsewhere") == first
    others = {key_of(content="other"), key_of(steps=4), key_of(stage="instruct")}
    assert len(others | {first}) == 4


@pytest.mark.parametrize(
    "error",
    [
        WrongProcesses(1, 2),
        LoneProcess("127.0.0.1"),
        Indivisible("align.batch_chips", 3, 2),
        LostProcess("align", 1, "SIGKILL"),
        BadCheckpoint("a/b", "no step"),
    ],
)
def test_every_error_survives_a_process_boundary_with_its_message(error):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
