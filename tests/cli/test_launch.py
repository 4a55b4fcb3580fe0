"""`fusar launch --dry-run`: what each process would do, and the memory that it needs."""

import json
from pathlib import Path

import pytest
import yaml
from transformers import Qwen2_5_VLConfig
from typer.testing import CliRunner

from cli.app import app
from components.finetuning.footprint import gpt_without_weights
from components.finetuning.stage import AlignConfig
from components.networks.encoder_sizes import VisionConfig
from components.training.errors import BadLauncher, Indivisible

ROOT = Path(__file__).resolve().parents[2]


def planned(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["launch", *arguments, "--dry-run", "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("stage", "launcher", "devices"),
    [
        ("pretrain", "two-nodes", [f"cuda:{number % 8}" for number in range(16)]),
        ("align", "eight-gpus", [f"cuda:{number}" for number in range(8)]),
        ("instruct", "two-cpus", ["cpu", "cpu"]),
    ],
)
def test_every_process_has_a_device_and_rows_of_its_own_and_one_writes(monkeypatch, stage, launcher, devices):
    options = ["--cpu"] if devices[0] == "cpu" else []
    file = f"deploy/launch/{launcher}.env"
    found = planned(monkeypatch, stage, "--profile", "one-gpu", "--launcher", file, *options)
    assert [process["device"] for process in found["processes"]] == devices
    assert sum(process["rows"] for process in found["processes"]) == found["batch"]
    assert [process["rank"] for process in found["processes"] if process["writes"]] == [0]
    memory = found["memory_bytes"]
    # A model from scratch: float32 weights, their gradients and the copy that is averaged, two averages of AdamW.
    assert memory["trained"] == memory["parameters"] > 1e7
    assert memory["weights"] == 4 * memory["parameters"]
    assert memory["gradients"] == memory["optimiser"] == 8 * memory["trained"]
    assert memory["total"] == sum(memory[name] for name in ("weights", "gradients", "optimiser", "activations"))


def test_a_batch_that_cannot_be_shared_out_and_a_wrong_count_are_refused_by_name(monkeypatch, tmp_path):
    launcher = tmp_path / "seven.env"
    launcher.write_text("PET_NPROC_PER_NODE=7\n")
    with pytest.raises(Indivisible, match=r"align\.batch_chips: 128 is no multiple of the 7 processes"):
        planned(monkeypatch, "align", "--profile", "one-gpu", "--launcher", str(launcher))
    launcher.write_text("PET_NPROC_PER_NODE=many\n")
    with pytest.raises(BadLauncher, match="PET_NPROC_PER_NODE: 'many'"):
        planned(monkeypatch, "align", "--profile", "one-gpu", "--launcher", str(launcher))


def test_of_a_pretrained_base_its_configuration_is_enough(tmp_path):
    """Qwen2.5-VL-7B has 8,292,166,656 weights, which nothing here holds."""
    text = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "vocab_size": 152064}
    text |= {"num_attention_heads": 28, "num_key_value_heads": 4, "tie_word_embeddings": False}
    text |= {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}}
    vision = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "out_hidden_size": 3584}
    Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False).save_pretrained(tmp_path)
    params = yaml.safe_load((ROOT / "profiles/paper.yaml").read_text())
    config = AlignConfig.model_validate(params["align"] | {"base_model": str(tmp_path)})
    gpt = gpt_without_weights(config, VisionConfig.model_validate(params["pretrain"]["vision"]), on_gpus=True)
    own = {name: item for name, item in gpt.network.named_parameters() if ".lora_" not in name and ".tlm." not in name}
    assert sum(item.numel() for item in own.values()) == 8_292_166_656
    assert {str(item.dtype) for item in own.values()} == {"torch.bfloat16"}
    assert {item.device.type for item in gpt.network.parameters()} == {"meta"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--launcher", "none.env"), "none.env"),
        (("--launcher", "."), "is a directory"),
        (("--launcher", "torn.env"), "is no text"),
        (("--profile", "none"), "there is no profiles/none.yaml here"),
    ],
)
def test_a_file_that_is_none_is_misuse(options, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torn.env").write_bytes(b"WORLD=\xff\xfe\n")
    (tmp_path / "good.env").write_text("PET_NNODES=1\n")
    launcher = () if "--launcher" in options else ("--launcher", "good.env")
    done = CliRunner().invoke(app, ("launch", "align", "--dry-run", *options, *launcher), env={"COLUMNS": "200"})
    assert done.exit_code == 2 and problem in done.output
