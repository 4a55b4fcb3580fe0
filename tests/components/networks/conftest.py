"""A GPT small enough for a unit test, with random weights and a modulation that does something."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from components.networks.chat import train_tokenizer
from components.networks.encoder_sizes import VisionConfig
from components.networks.gpt import Gpt
from components.networks.gpt_config import GptConfig
from components.networks.request import Request
from components.networks.sizes import LanguageConfig, TlmConfig

VISION = VisionConfig(
    patch_size=8,
    merge_size=2,
    window_size=64,
    full_attention_blocks=(0, 1),
    width=32,
    depth=2,
    heads=2,
    mlp_width=48,
    out_width=32,
)
LANGUAGE = LanguageConfig(layers=2, heads=2, kv_heads=1, mlp_width=48, rope_theta=1e4, initial_std=0.1)
TLM = TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix")
TEXTS = ["user\n", "assistant\n", "SAR VV+VH 10 m\n", "How many ships are in this chip?", "terrain is coast $ 3"]


def small_gpt(seed: int = 0) -> Gpt:
    torch.manual_seed(seed)
    settings = GptConfig(
        format="fusar-gpt/1",
        base_model=None,
        base_revision=None,
        image_size=None,
        vision=VISION,
        language=LANGUAGE,
        lora=None,
        tlm=TLM,
    )
    gpt = Gpt(settings, train_tokenizer(TEXTS, 320))
    torch.nn.init.normal_(gpt.tlm.outer.weight, std=0.5)
    gpt.network.eval()
    return gpt


def unit_grid(seed: int, side: int = 4) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(side, side, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def request(seed: int, question: str = "How many ships are in this chip?", alphaearth: bool = True) -> Request:
    codes = np.random.default_rng(seed).integers(1, 255, (2, 64, 64)).astype(np.uint8)
    return Request(codes, ("VV", "VH"), 10.0, question, unit_grid(seed) if alphaearth else None, None)


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    return SimpleNamespace(gpt=small_gpt, request=request, unit_grid=unit_grid)
