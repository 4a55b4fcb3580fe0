import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from pydantic import ValidationError

from components.networks.klip import load_klip
from components.pretraining.errors import CaptionTooLong, FailedCheck, TooFewChips, UnknownClause
from components.pretraining.samples import read_samples, refuse_failed_checks
from components.pretraining.stage import STAGES, PretrainingConfig
from components.pretraining.training import Trainer
from components.records.schemas import ANNOTATIONS, CHIPS, CORPUS, CURVE, VERDICTS
from components.records.tables import read_table, write_table
from components.training.errors import MixedChipSizes

ROOT = Path(__file__).parents[3]
(STAGE,) = STAGES


def run_stage(folder: Path) -> dict[str, bytes]:
    """The stage in a process of its own; gives every output file."""
    command = [sys.executable, "-m", "components.pretraining", "pretrain"]
    subprocess.run(command, cwd=folder, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    outputs = folder / "outputs/pretrain"
    return {str(path.relative_to(outputs)): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}


def test_two_processes_give_the_same_bytes_and_everything_that_later_stages_read(checkout):
    first, second = run_stage(checkout), run_stage(checkout)
    assert first == second
    assert sorted(first) == [
        "corpus.parquet",
        "curve.parquet",
        "klip/config.json",
        "klip/model.safetensors",
        "klip/tokenizer.json",
        "metrics.json",
    ]
    outputs = checkout / "outputs/pretrain"
    load_klip(outputs / "klip")
    assert set(read_table(outputs / "corpus.parquet", CORPUS)["scene_id"].to_pylist()) == {"train"}
    assert read_table(outputs / "curve.parquet", CURVE).num_rows == 4 * 6
    metrics = json.loads(first["metrics.json"])
    assert metrics["captions_screened"] == 24 and 0 <= metrics["val_image_to_text_recall_at_5"] <= 1


def test_importing_the_stage_does_not_import_torch():
    code = "import sys; import components.pretraining.stage; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_samples_of_a_split_come_in_the_order_of_their_ids(checkout):
    samples = read_samples(checkout / STAGE.inputs["chips"], checkout / STAGE.inputs["annotations"], "val")
    assert samples.chip_ids == tuple(f"val-{n:03d}" for n in range(6))
    planes = samples.planes[torch.arange(6)]
    assert planes.shape == samples.planes.shape == (6, 2, 64, 64) and planes.dtype == torch.uint8


def test_a_chip_without_a_caption_is_left_out(checkout):
    path = checkout / STAGE.inputs["annotations"] / "val.parquet"
    rows = [row for row in read_table(path, ANNOTATIONS).to_pylist() if row["chip_id"] != "val-003"]
    write_table(rows, ANNOTATIONS, path)
    samples = read_samples(checkout / STAGE.inputs["chips"], checkout / STAGE.inputs["annotations"], "val")
    assert len(samples) == 5 and "val-003" not in samples.chip_ids


@pytest.mark.parametrize(("column", "value"), [("code", "seven"), ("family", "train"), ("field", "Kount")])
def test_a_clause_outside_the_closed_lists_is_refused_by_name(checkout, column, value):
    path = checkout / STAGE.inputs["annotations"] / "train.parquet"
    rows = read_table(path, ANNOTATIONS).to_pylist()
    rows[3][column] = value
    write_table(rows, ANNOTATIONS, path)
    with pytest.raises(UnknownClause, match="train-000"):
        read_samples(checkout / STAGE.inputs["chips"], checkout / STAGE.inputs["annotations"], "train")


def test_chips_of_two_sizes_are_refused(checkout, given):
    path = checkout / STAGE.inputs["chips"] / "val.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[2] |= {"height": 32}
    rows[2]["backscatter"] = rows[2]["backscatter"][: 2 * 32 * 64]
    write_table(rows, CHIPS, path)
    with pytest.raises(MixedChipSizes, match="val-002"):
        read_samples(checkout / STAGE.inputs["chips"], checkout / STAGE.inputs["annotations"], "val")


def test_a_failed_critical_check_stops_before_training(tmp_path):
    row = {"suite": "annotations", "expectation": "known code", "column": "code", "severity": "critical"}
    row |= {"success": False, "rows": 10, "unexpected": 1, "examples": ["a"], "remedy": "mend it"}
    write_table([row | {"severity": "warning"}], VERDICTS, tmp_path / "v.parquet")
    refuse_failed_checks(tmp_path / "v.parquet")
    write_table([row], VERDICTS, tmp_path / "v.parquet")
    with pytest.raises(FailedCheck, match="known code"):
        refuse_failed_checks(tmp_path / "v.parquet")


@pytest.mark.parametrize(
    ("section", "key", "value", "problem"),
    [
        ("scio", "protected_fields", ["Kount"], "Kount"),
        ("scio", "gate_margin_of_field", {"Cuont": 2.0}, "Cuont"),
        ("text", "heads", 5, "text.heads"),
        ("vision", "heads", 3, "vision.heads"),
        ("vision", "full_attention_blocks", [9], "vision.depth"),
        ("training", "steps", 10, "multiple of 3"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(sea, section, key, value, problem):
    raw = sea.config().model_dump()
    raw[section][key] = value
    with pytest.raises(ValidationError, match=problem):
        PretrainingConfig.model_validate(raw)


def test_a_text_encoder_too_short_for_the_captions_is_refused(sea, table):
    config = sea.config()
    short = config.model_copy(update={"text": config.text.model_copy(update={"max_length": 20})})
    with pytest.raises(CaptionTooLong, match="20 is too short"):
        Trainer(sea.klip(short), sea.samples(16, seed=0), table, short)


def test_less_than_one_batch_of_chips_is_an_error(sea, table):
    config = sea.config(batch_size=16)
    with pytest.raises(TooFewChips, match="15 annotated chips"):
        Trainer(sea.klip(config), sea.samples(15, seed=0), table, config)
