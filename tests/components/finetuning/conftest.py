"""A whole input folder for the two stages, small enough for a unit test: 24 chips, their corpus, an untrained KLIP."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from components.finetuning.stage import AlignConfig, InstructConfig
from components.networks.encoder_sizes import KlipConfig, TextConfig, VisionConfig
from components.networks.klip import Klip, save_klip
from components.networks.tokenizer import build_tokenizer
from components.records.families import BY_NAME, family_of, vocabulary
from components.records.schemas import CHIPS, CORPUS
from components.records.tables import write_table

COMMON: dict[str, Any] = {
    "seed": 3,
    "threads": 1,
    "steps": 2,
    "batch_chips": 4,
    "learning_rate": 0.003,
    "warmup_share": 0.1,
    "weight_decay": 0.05,
    "clip_norm": 1.0,
    "alphaearth_missing": 0.2,
    "mirrored": True,
    "target_repeats": 2,
    "max_tokens": 400,
    "checkpoint_every": 1,
    "validate_every": 2,
    "validation_chips": 4,
}
ALIGN: dict[str, Any] = COMMON | {
    "warm_start": None,
    "trained": ["vision", "tlm", "language"],
    "base_model": None,
    "base_revision": None,
    "image_size": None,
    "lora": None,
    "language": {
        "layers": 2,
        "heads": 2,
        "kv_heads": 1,
        "mlp_width": 48,
        "rope_theta": 1e4,
        "initial_std": 0.1,
    },
    "tlm": {"hidden": 16, "sigma_cells": 1.0, "mix": "mlp_then_mix"},
    "vocabulary": 400,
}
INSTRUCT: dict[str, Any] = COMMON | {
    "trained": ["vision", "language"],
    "questions_per_chip": 3,
    "task_weights": {"count": 2, "locate": 1, "classify": 1, "land_cover": 1, "describe": 1, "detect": 1},
}


def chip(given: Any, number: int) -> dict[str, Any]:
    """Every third chip is sea with a ship, whose echo and place change; the others are two covers side by side."""
    rng = np.random.default_rng(number)
    level = given.decibels(-22.0 + number % 5) + rng.normal(0, 1.5, (64, 64)).astype(np.float32)
    objects, cover = [], given.cover(left=2 + number % 5, right=1 + number % 6, columns=8 * (number % 4))
    if number % 3 == 0:
        x, y = (int(value) for value in rng.integers(4, 50, 2))
        level[y : y + 6, x : x + 10] = 10.0
        objects, cover = [given.target("ship", 30.0, (x, y, x + 10, y + 6))], given.cover()
    grid = rng.normal(size=(4, 4, 64)).astype(np.float32)
    grid /= np.linalg.norm(grid, axis=-1, keepdims=True)
    has_grid = number % 4 != 3
    return given.chip_row(
        chip_id=f"scene-a-r{number:04d}-c0000",
        place_id=f"place-{number % 4}",
        split="train" if number < 16 else "val",
        backscatter=given.backscatter(level),
        land_cover=cover,
        objects=objects,
        alphaearth=grid.tobytes() if has_grid else None,
        alphaearth_valid=np.ones((4, 4), bool).tobytes() if has_grid else None,
        alphaearth_year=2024 if has_grid else None,
    )


def clauses(row: dict[str, Any]) -> list[dict[str, Any]]:
    family = BY_NAME[family_of(row["objects"], np.frombuffer(row["land_cover"], np.uint8)).name]
    rows = []
    for position, field in enumerate(family.fields):
        code = sorted(field.values)[int(row["chip_id"][9:13]) % len(field.values)]
        said = {"final_code": code, "final_value": field.values[code]}
        said |= {"original_code": code, "original_value": field.values[code]}
        where = {"chip_id": row["chip_id"], "scene_id": row["scene_id"], "family": family.name, "position": position}
        noted = {"status": "kept", "suspicion": 0.0, "score_before": None, "score_after": None, "round": 0}
        rows.append(where | {"field": field.name, "lead_in": field.lead_in} | said | noted)
    return rows


def write_klip(folder: Path) -> None:
    torch.manual_seed(1)
    vision = VisionConfig(
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
    tokenizer = build_tokenizer(vocabulary())
    size = KlipConfig(
        vision=vision,
        vocabulary_size=tokenizer.vocabulary_size,
        text=TextConfig(max_length=96, depth=1, fusion_depth=1, heads=2, mlp_width=48, embedding_width=16),
    )
    save_klip(Klip(size, tokenizer), folder)


@pytest.fixture(scope="session", autouse=True)
def checkpoints(tmp_path_factory) -> Iterator[Path]:
    """Where unfinished trainings of these tests lie."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("checkpoints")
        patch.setenv("FUSAR_CHECKPOINTS", str(folder))
        yield folder


@pytest.fixture(scope="session")
def inputs(given, tmp_path_factory) -> dict[str, Path]:
    """Chips, corpus and KLIP; `gpt` is where the result of align is looked for."""
    folder = tmp_path_factory.mktemp("finetuning")
    rows = [chip(given, number) for number in range(24)]
    write_table(rows, CHIPS, folder / "chips" / "scene-a.parquet")
    train = [row for row in rows if row["split"] == "train"]
    write_table([item for row in train for item in clauses(row)], CORPUS, folder / "corpus.parquet")
    write_klip(folder / "klip")
    return {"chips": folder / "chips", "corpus": folder / "corpus.parquet", "klip": folder / "klip"}


@pytest.fixture(scope="session")
def params(inputs, tmp_path_factory) -> SimpleNamespace:
    def align(**changes: Any) -> AlignConfig:
        return AlignConfig.model_validate(ALIGN | changes)

    def instruct(**changes: Any) -> InstructConfig:
        return InstructConfig.model_validate(INSTRUCT | changes)

    def in_a_checkout(folder: Path, **changes: Any) -> None:
        """Lay the inputs where the stages' commands look for them."""
        for name, path in (("ingest/chips", "chips"), ("pretrain/klip", "klip"), ("pretrain/corpus.parquet", "corpus")):
            target = folder / "outputs" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(inputs[path])
        (folder / "params.yaml").write_text(yaml.safe_dump({"align": ALIGN | changes, "instruct": INSTRUCT | changes}))

    return SimpleNamespace(align=align, instruct=instruct, in_a_checkout=in_a_checkout)


@pytest.fixture(scope="session")
def outputs_in() -> Any:
    return lambda folder: {"gpt": folder / "gpt", "curve.parquet": folder / "curve.parquet"}
