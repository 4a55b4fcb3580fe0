import json
from pathlib import Path

import pytest
from pydantic import Field

from components.contract.entry import main
from components.contract.errors import FusarError
from components.contract.stage import Metrics, Paths, Stage, StageConfig


class CountConfig(StageConfig):
    step: int = Field(ge=1, description="Added for each letter [1].")


def count_letters(config: CountConfig, inputs: Paths, outputs: Paths) -> Metrics:
    text = inputs["text"].read_text(encoding="utf-8")
    if not text:
        raise FusarError(f"{inputs['text']}: empty. Write a letter into it.")
    outputs["count"].write_text(str(len(text) * config.step), encoding="utf-8")
    return {"letters": float(len(text))}


COUNT = Stage("count", CountConfig, count_letters, inputs={"text": "text.txt"}, outputs=("count",))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("count: {step: 2}", encoding="utf-8")
    (tmp_path / "text.txt").write_text("abc", encoding="utf-8")
    return tmp_path


def test_a_stage_writes_its_outputs_and_its_metrics(checkout: Path) -> None:
    main((COUNT,), ["count"])
    assert (checkout / "outputs/count/count").read_text() == "6"
    assert json.loads((checkout / "outputs/count/metrics.json").read_text()) == {"letters": 3.0}


def test_bad_input_is_one_line_and_exit_1(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "text.txt").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main((COUNT,), ["count"])
    assert left.value.code == 1
    assert capsys.readouterr().err == "error: text.txt: empty. Write a letter into it.\n"


def test_a_missing_input_names_file_and_remedy(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "text.txt").unlink()
    with pytest.raises(SystemExit):
        main((COUNT,), ["count"])
    assert "text.txt: stage count reads it" in capsys.readouterr().err


def test_an_unknown_stage_is_misuse(checkout: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main((COUNT,), ["paint"])
    assert left.value.code == 2
