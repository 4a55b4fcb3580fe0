from pathlib import Path

import pytest
from pydantic import Field

from components.contract.errors import ParamsError
from components.contract.params import check_params, read_params
from components.contract.stage import Stage, StageConfig


class CutConfig(StageConfig):
    chip_size: int = Field(ge=64, description="Side of a chip [pixel].")


CUT = Stage("cut", CutConfig, lambda config, inputs, outputs: {}, inputs={}, outputs=())


def params_file(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_good_params_become_the_stages_config(tmp_path: Path) -> None:
    configs = check_params(params_file(tmp_path, "cut: {chip_size: 64}"), (CUT,))
    assert configs == {"cut": CutConfig(chip_size=64)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cut: {chip_size: 64, speed: 3}", "cut.speed"),
        ("cut: {}", "cut.chip_size"),
        ("cut: {chip_size: 8}", "greater than or equal to 64 (got 8)"),
        ("cut: {chip_size: many}", "cut.chip_size"),
        ("cut: {chip_size: 64}\npaste: {}", "paste: unknown stage"),
        ("{}", "cut: missing"),
    ],
)
def test_each_wrong_key_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ParamsError) as raised:
        check_params(params_file(tmp_path, text), (CUT,))
    assert named in str(raised.value)
    assert "params.yaml" in str(raised.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as raised:
        check_params(params_file(tmp_path, "cut: {chip_size: 8, speed: 3}\nglue: {}"), (CUT,))
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize("text", ["cut: [", "- a list", ""])
def test_what_is_no_mapping_is_refused_by_the_files_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        read_params(params_file(tmp_path, text))


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"nowhere\.yaml"):
        read_params(tmp_path / "nowhere.yaml")
