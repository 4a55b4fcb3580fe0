"""KLIP goes on from an earlier version's weights, or says which of its parameters is another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from components.networks.klip import load_klip, save_klip
from components.networks.tokenizer import build_tokenizer
from components.pretraining.stage import STAGES, PretrainingConfig, make_klip
from components.pretraining.warm_start import start_warm
from components.records.families import vocabulary
from components.records.schemas import CURVE
from components.records.tables import read_table
from components.training.errors import NoWarmStart, OtherNetwork
from tests.components.pretraining.conftest import SMALL, tiny_config
from tests.components.training.stored import init, keep_folder

(STAGE,) = STAGES
CACHE = Path(".dvc/cache/files/md5")


def run(config: PretrainingConfig, folder: Path) -> dict[str, bytes]:
    outputs = {name: folder / name for name in STAGE.outputs}
    STAGE.run(config, {name: Path(path) for name, path in STAGE.inputs.items()}, outputs)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def first_loss(folder: Path) -> float:
    rows = read_table(folder / "curve.parquet", CURVE).to_pylist()
    return sum(row["value"] for row in rows if row["step"] == 0 and row["name"] != "learning_rate")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, sea, given) -> Iterator[Path]:
    """Where the test stands: the stage's inputs, and a KLIP of 60 steps in `earlier`."""
    folder = tmp_path_factory.mktemp("warm")
    init(folder)
    inputs = sea.write_inputs(folder / "made", given.chip_row, {"train": 24, "val": 6, "test": 4})
    for name, path in STAGE.inputs.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        inputs[name].rename(folder / path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("FUSAR_CHECKPOINTS", raising=False)
        run(tiny_config(**SMALL | {"steps": 60, "checkpoint_every": 60}), folder / "earlier")
        yield folder


@pytest.fixture(scope="module")
def earlier(checkout) -> str:
    """The md5 of that KLIP, which the cache has."""
    return keep_folder(CACHE, checkout / "earlier/klip")


def test_it_goes_on_from_the_earlier_weights_and_gives_the_same_bytes_again(checkout, earlier) -> None:
    anew = tiny_config(**SMALL)
    warm = anew.model_copy(update={"warm_start": earlier})
    first, second, other = run(warm, checkout / "a"), run(warm, checkout / "b"), run(anew, checkout / "c")
    assert first == second
    assert first["klip/model.safetensors"] != other["klip/model.safetensors"]
    assert first_loss(checkout / "a") < first_loss(checkout / "c") - 0.3, "it has learned before its first step"
    klip = make_klip(anew)
    start_warm(klip, earlier)
    was = load_klip(checkout / "earlier/klip")[0]
    assert all(torch.equal(now, then) for now, then in zip(klip.parameters(), was.parameters(), strict=True))


def test_another_network_is_refused_by_its_first_tensor_and_the_parameter_to_change(earlier) -> None:
    config = tiny_config(**SMALL)
    wider = config.model_copy(update={"text": config.text.model_copy(update={"mlp_width": 96})})
    with pytest.raises(
        OtherNetwork, match=r"tensor '\S+' has shape .* Set pretrain.text.mlp_width to 64 .* \(now 96\)"
    ):
        start_warm(make_klip(wider), earlier)
    heads = config.model_copy(update={"vision": config.vision.model_copy(update={"heads": 4})})
    with pytest.raises(OtherNetwork, match=r"computes something else. Set pretrain.vision.heads to 2"):
        start_warm(make_klip(heads), earlier)


def test_captions_of_other_words_and_other_models_are_refused(checkout, earlier, tmp_path) -> None:
    klip = make_klip(tiny_config(**SMALL))
    words = [*list(vocabulary())[:-1], "zzz"]
    klip.tokenizer = build_tokenizer(words)
    save_klip(klip, tmp_path / "other")
    with pytest.raises(NoWarmStart, match="other words"):
        start_warm(make_klip(tiny_config(**SMALL)), keep_folder(CACHE, tmp_path / "other"))
    (tmp_path / "other/config.json").write_text("{}")
    with pytest.raises(NoWarmStart, match=r"it is no KLIP, its config\.json"):
        start_warm(make_klip(tiny_config(**SMALL)), keep_folder(CACHE, tmp_path / "other"))


@pytest.mark.parametrize("value", ["fusar-klip/1", "0" * 32, "A" * 32 + ".dir", "0" * 32 + ".dir\n", "", 7])
def test_what_is_no_md5_of_a_folder_is_refused_by_the_name_of_its_key(value) -> None:
    raw = tiny_config().model_dump() | {"warm_start": value}
    with pytest.raises(ValueError, match="warm_start"):
        PretrainingConfig.model_validate(raw)
