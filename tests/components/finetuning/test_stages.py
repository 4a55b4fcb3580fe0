import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from components.finetuning.errors import NoTrainingData, TooLong, UnknownCaption, UnsuitedParts
from components.finetuning.stage import run_align, run_instruct
from components.networks.gpt import load_gpt
from components.networks.klip import load_klip
from components.records.schemas import CURVE
from components.records.tables import read_table

ROOT = Path(__file__).parents[3]
BOTH_STAGES = """
from components.contract.entry import main
from components.finetuning.stage import STAGES
for stage in STAGES:
    main(STAGES, [stage.name])
"""
LANGUAGE, VISION, TLM = "model.language_model.", "model.visual.", "model.tlm."


@pytest.fixture(scope="module")
def aligned(inputs, params, outputs_in, tmp_path_factory):
    outputs = outputs_in(tmp_path_factory.mktemp("align"))
    return outputs, run_align(params.align(), inputs, outputs)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], prefix: str) -> set[bool]:
    return {not torch.equal(before[name], after[name]) for name in before if name.startswith(prefix)}


def test_align_writes_a_model_that_answers_and_its_losses(aligned, inputs):
    outputs, metrics = aligned
    curve = read_table(outputs["curve.parquet"], CURVE).to_pylist()
    assert [row["step"] for row in curve if row["name"] == "loss"] == [1, 2]
    assert metrics["val_loss"] == pytest.approx(curve[-1]["value"])
    assert {path.name for path in outputs["gpt"].iterdir()} == {"model.safetensors", "config.json", "tokenizer.json"}
    load_gpt(outputs["gpt"])


def test_a_part_that_is_not_trained_keeps_klips_bytes(inputs, params, outputs_in, tmp_path):
    outputs = outputs_in(tmp_path)
    run_align(params.align(trained=["tlm", "language"]), inputs, outputs)
    tower = load_klip(inputs["klip"])[0].vision.state_dict()
    after = weights(outputs["gpt"])
    assert all(torch.equal(tower[name], after[VISION + name]) for name in tower)
    assert after[TLM + "outer.weight"].any()


def test_instruct_changes_what_it_trains_and_leaves_the_modulation(aligned, inputs, params, outputs_in, tmp_path):
    outputs = outputs_in(tmp_path)
    metrics = run_instruct(params.instruct(), inputs | {"gpt": aligned[0]["gpt"]}, outputs)
    before, after = weights(aligned[0]["gpt"]), weights(outputs["gpt"])
    assert changed(before, after, TLM) == {False}
    assert True in changed(before, after, VISION)
    assert True in changed(before, after, LANGUAGE)
    assert metrics["loss"] > 0


def test_each_stage_refuses_parts_that_its_model_has_not(aligned, inputs, params, outputs_in, tmp_path):
    with pytest.raises(UnsuitedParts, match=r"align\.trained: 'lora'"):
        run_align(params.align(trained=["lora"]), inputs, outputs_in(tmp_path))
    with pytest.raises(UnsuitedParts, match=r"instruct\.trained: 'lora'"):
        run_instruct(params.instruct(trained=["lora"]), inputs | {"gpt": aligned[0]["gpt"]}, outputs_in(tmp_path))


def test_a_conversation_beyond_max_tokens_is_an_error_that_names_the_chip(inputs, params, outputs_in, tmp_path):
    with pytest.raises(TooLong, match=r"scene-a-r\d{4}-c0000: needs \d+ tokens"):
        run_align(params.align(max_tokens=40), inputs, outputs_in(tmp_path))


def test_a_corpus_without_training_chips_is_an_error(inputs, params, outputs_in, tmp_path):
    empty = tmp_path / "chips"
    empty.mkdir()
    with pytest.raises(NoTrainingData, match="align"):
        run_align(params.align(), inputs | {"chips": empty}, outputs_in(tmp_path))


@pytest.mark.parametrize(
    "change",
    [{"language": None}, {"base_model": "a/b"}, {"lora": {"rank": 2, "alpha": 4, "dropout": 0.0}}, {"steps": 0}],
)
def test_parameters_that_contradict_each_other_are_refused(params, change):
    with pytest.raises(ValueError, match=r"language|steps"):
        params.align(**change)


def test_every_task_needs_a_weight(params):
    with pytest.raises(ValueError, match="detect"):
        params.instruct(task_weights={"count": 1, "locate": 1, "classify": 1, "land_cover": 1, "describe": 1})


def test_two_processes_write_the_same_bytes(params, tmp_path):
    written = []
    for name in ("first", "second"):
        params.in_a_checkout(tmp_path / name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(len(written))}
        command = [sys.executable, "-c", BOTH_STAGES]
        subprocess.run(command, cwd=tmp_path / name, check=True, env=environment, capture_output=True)
        files = sorted(path for path in (tmp_path / name / "outputs").glob("*/**/*") if path.is_file())
        ours = [path for path in files if path.relative_to(tmp_path / name).parts[1] in ("align", "instruct")]
        written.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in ours})
    assert len(written[0]) == 10
    assert written[0] == written[1]
    assert set(json.loads(written[0]["outputs/instruct/metrics.json"])) == {"loss", "val_loss"}


@pytest.mark.parametrize(
    "error",
    [
        NoTrainingData("align", "a caption"),
        TooLong("a-r0-c0", 700, 512),
        UnknownCaption("a-r0-c0", "Count", "seven"),
        UnsuitedParts("align", "lora", "scratch"),
    ],
)
def test_every_error_survives_a_process_boundary_with_its_message(error):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_importing_the_stages_does_not_import_torch():
    code = "import sys, components.finetuning.stage; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
