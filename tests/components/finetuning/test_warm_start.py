"""The GPT of an earlier version goes on being trained, with its own tokenizer, or says what is another one."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from components.finetuning.stage import AlignConfig, run_align
from components.finetuning.warm_start import from_version
from components.networks.gpt import load_gpt
from components.records.schemas import CURVE
from components.records.tables import read_table
from components.training.errors import NoWarmStart, OtherNetwork
from tests.components.finetuning.conftest import ALIGN
from tests.components.training.stored import init, keep_folder

CACHE = Path(".dvc/cache/files/md5")


@pytest.fixture(scope="module")
def trained(inputs, params, outputs_in, tmp_path_factory) -> Path:
    """A checkout whose cache holds a GPT of 12 steps, in `gpt`."""
    folder = tmp_path_factory.mktemp("earlier")
    init(folder)
    run_align(params.align(steps=12, vocabulary=380), inputs, outputs_in(folder))
    return folder


@pytest.fixture
def earlier(trained, monkeypatch) -> str:
    monkeypatch.chdir(trained)
    return keep_folder(CACHE, trained / "gpt")


def losses(folder: Path) -> list[float]:
    rows = read_table(folder / "curve.parquet", CURVE).to_pylist()
    return [row["value"] for row in rows if row["name"] == "loss"]


def test_it_goes_on_from_the_earlier_weights_and_keeps_their_tokenizer(
    inputs, params, outputs_in, trained, earlier, tmp_path
) -> None:
    for name, md5 in (("a", earlier), ("b", earlier), ("anew", None)):
        (tmp_path / name).mkdir()
        run_align(params.align(steps=2, warm_start=md5), inputs, outputs_in(tmp_path / name))
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name / "gpt").iterdir()} for name in ("a", "b"))
    assert first == second
    assert first["tokenizer.json"] == (trained / "gpt/tokenizer.json").read_bytes()
    assert losses(tmp_path / "a")[0] < losses(tmp_path / "anew")[0] - 0.3
    assert load_gpt(tmp_path / "a/gpt").config == load_gpt(trained / "gpt").config


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"language": ALIGN["language"] | {"layers": 3}},
            r"'\S+layers\.2\S+' is missing. Set align.language.layers to 2",
        ),
        ({"tlm": ALIGN["tlm"] | {"sigma_cells": 2.0}}, r"computes something else. Set align.tlm.sigma_cells to 1.0"),
        ({"vocabulary": 320}, r"its tokenizer has 380 tokens. Set align.vocabulary to 380"),
    ],
)
def test_another_network_is_refused_by_the_parameter_to_change(inputs, params, earlier, change, said) -> None:
    with pytest.raises(OtherNetwork, match=said):
        from_version(params.align(**change), inputs["klip"], earlier)


def test_a_klip_is_no_gpt(inputs, params, earlier) -> None:
    with pytest.raises(NoWarmStart, match=r"it is no GPT, its config\.json"):
        from_version(params.align(), inputs["klip"], keep_folder(CACHE, inputs["klip"]))


def test_a_pretrained_base_cannot_start_warm() -> None:
    base = {"base_model": "some/base", "language": None, "lora": {"rank": 2, "alpha": 4, "dropout": 0.0}}
    with pytest.raises(ValidationError, match="warm_start is for models from scratch"):
        AlignConfig.model_validate(ALIGN | base | {"warm_start": "0" * 32 + ".dir"})
    with pytest.raises(ValidationError, match="warm_start"):
        AlignConfig.model_validate(ALIGN | {"warm_start": "champion"})
