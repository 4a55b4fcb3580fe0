"""The path of the paper: a pretrained Qwen2.5-VL with adapters. The base is tiny and random, but transformers' own."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from components.finetuning.stage import run_align, run_instruct
from components.networks.base import folder_digest, load_base
from components.networks.chat import SPECIALS, train_tokenizer
from components.networks.errors import BadModelConfig
from components.networks.gpt import load_gpt
from components.networks.request import Request

LORA = {"rank": 2, "alpha": 4, "dropout": 0.05}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tokenizer = train_tokenizer(
        ["user\n", "assistant\n", "How many ships are in this chip?", "terrain is coast $"], 400
    )
    numbers = {token: tokenizer.token_to_id(token) for token in SPECIALS}
    text = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]},
    }
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32}
    config = Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision | {"fullatt_block_indexes": [1]},
        image_token_id=numbers["<|image_pad|>"],
        video_token_id=numbers["<|video_pad|>"],
        vision_start_token_id=numbers["<|vision_start|>"],
        vision_end_token_id=numbers["<|vision_end|>"],
    )
    torch.manual_seed(0)
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def trained(base, inputs, params, outputs_in, tmp_path_factory):
    align, instruct = (outputs_in(tmp_path_factory.mktemp(name)) for name in ("align", "instruct"))
    config = params.align(
        base_model=str(base), image_size=56, lora=LORA, language=None, trained=["tlm", "lora"], learning_rate=0.01
    )
    run_align(config, inputs, align)
    run_instruct(params.instruct(trained=["lora"]), inputs | {"gpt": align["gpt"]}, instruct)
    return SimpleNamespace(align=align["gpt"], instruct=instruct["gpt"])


def request(seed: int) -> Request:
    codes = np.random.default_rng(seed).integers(1, 255, (2, 64, 64)).astype(np.uint8)
    grid = np.full((4, 4, 64), 0.125, np.float32)
    return Request(codes, ("HV", "HH"), 3.0, "How many ships are in this chip?", grid, None)


def test_only_adapters_and_modulation_are_stored_and_as_safetensors(trained):
    names = set(load_file(trained.align / "model.safetensors"))
    assert {name.split(".")[0] for name in names} == {"tlm", "lora"}
    # 7 language projections of 2 layers, A and B each; the tower's projections of the same names have none.
    assert sum(name.startswith("lora.") for name in names) == 28
    assert {path.suffix for path in trained.align.iterdir()} == {".safetensors", ".json"}


def test_align_trains_adapters_and_modulation(trained):
    stored = load_file(trained.align / "model.safetensors")
    assert stored["tlm.outer.weight"].any()
    assert all(tensor.any() for name, tensor in stored.items() if "lora_B" in name)


def test_instruct_goes_on_with_the_adapters_and_leaves_the_modulations_bytes(trained):
    before, after = (load_file(folder / "model.safetensors") for folder in (trained.align, trained.instruct))
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("tlm."))
    assert all(not torch.equal(before[name], after[name]) for name in before if "lora_B" in name)


def test_the_folder_names_the_base_and_its_exact_revision(trained, base):
    config = json.loads((trained.instruct / "config.json").read_text())
    assert (config["base_model"], config["base_revision"]) == (str(base), folder_digest(base))


def test_a_reloaded_model_answers_as_before(trained, tmp_path):
    gpt = load_gpt(trained.instruct)
    gpt.save(tmp_path)
    assert load_gpt(tmp_path).answer([request(1), request(2)], 6) == gpt.answer([request(1), request(2)], 6)


def test_a_base_that_has_changed_since_training_is_refused(trained, base):
    config = base / "config.json"
    before = config.read_text()
    config.write_text(before.replace("{", "{ ", 1))
    try:
        with pytest.raises(BadModelConfig, match="no longer sha256"):
            load_gpt(trained.align)
    finally:
        config.write_text(before)


def test_a_base_that_lacks_a_weight_is_refused_instead_of_filled_with_random_numbers(base, tmp_path):
    for path in base.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tensors = load_file(base / "model.safetensors")
    lost = next(name for name in sorted(tensors) if "q_proj.weight" in name)
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, tmp_path / "model.safetensors")
    with pytest.raises(BadModelConfig, match=r"lacks or does not know the weights .*q_proj"):
        load_base(str(tmp_path), None)


def test_a_mistyped_base_is_refused_at_once(inputs, params, outputs_in, tmp_path):
    config = params.align(base_model="/no/such/folder", lora=LORA, language=None, trained=["lora"], image_size=56)
    with pytest.raises(BadModelConfig, match="neither a folder nor a hub id"):
        run_align(config, inputs, outputs_in(tmp_path))
