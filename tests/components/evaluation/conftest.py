"""The whole input of `evaluate`, small enough for a unit test: 48 chips at 12 places, untrained models, a corpus."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from components.evaluation.stage import EvaluationConfig
from components.networks.chat import train_tokenizer
from components.networks.encoder_sizes import KlipConfig, TextConfig, VisionConfig
from components.networks.gpt import Gpt
from components.networks.gpt_config import GptConfig
from components.networks.klip import Klip, save_klip
from components.networks.sizes import LanguageConfig, TlmConfig
from components.networks.tokenizer import build_tokenizer
from components.records.families import family_of, vocabulary
from components.records.schemas import ANNOTATIONS, CHIPS, CORPUS, INJECTED
from components.records.tables import write_table

VISION = VisionConfig(
    patch_size=8,
    merge_size=2,
    window_size=64,
    full_attention_blocks=(0,),
    width=32,
    depth=1,
    heads=2,
    mlp_width=48,
    out_width=32,
)
CHIPS_OF_A_PLACE = 4
VARIANTS = ["correct", "shuffled", "absent"]
CONFIG: dict[str, Any] = {
    "split": "test",
    "max_chips": 100,
    "baseline_chips": 100,
    "seed": 3,
    "threads": 1,
    "bootstrap_draws": 200,
    "chance_draws": 5,
    "recall_at": [1, 5],
    "tasks": {
        name: {"chips": 100, "max_new_tokens": 2, "variants": VARIANTS}
        for name in ("count", "locate", "classify", "land_cover", "describe", "detect")
    },
}


def config(**changes: Any) -> EvaluationConfig:
    return EvaluationConfig.model_validate(CONFIG | changes)


def rows_of_chips(given: SimpleNamespace) -> list[dict[str, Any]]:
    """Six places a split: three sea with 0 to 3 ships a chip, three land of several covers; one lacks AlphaEarth."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12 * CHIPS_OF_A_PLACE):
        place, chip = divmod(number, CHIPS_OF_A_PLACE)
        is_sea = place % 2 == 0
        ships = [given.target("ship", 60.0, (8 + 15 * i, 5 * place, 14 + 15 * i, 5 * place + 6)) for i in range(chip)]
        vectors = rng.normal(size=(16, 64)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        known = {"alphaearth": vectors.tobytes(), "alphaearth_valid": bytes([1] * 16), "alphaearth_year": 2024}
        rows.append(
            given.chip_row(
                chip_id=f"scene-{place:02}-r0-c{chip}",
                scene_id=f"scene-{place:02}",
                place_id=f"place-{place:02}",
                split="train" if place < 6 else "test",
                backscatter=given.backscatter(given.decibels(-22) + rng.normal(0, 2, (64, 64))),
                land_cover=given.cover(1 if is_sea else 2 + (place + chip) % 5),
                objects=ships if is_sea else [],
                **({} if place == 6 else known),
            )
        )
    return rows


def clauses_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A caption whose codes follow the chip's labels and number, so that captions differ."""
    family = family_of(row["objects"], np.frombuffer(row["land_cover"], dtype=np.uint8))
    salt = sum(map(ord, row["chip_id"]))
    keys = ("chip_id", "scene_id", "place_id", "split")
    found = []
    for position, field in enumerate(family.fields):
        code = list(field.values)[(salt * (position + 1)) % (len(field.values) - 1)]
        clause = {
            "family": family.name,
            "position": position,
            "field": field.name,
            "code": code,
            "lead_in": field.lead_in,
            "value": field.values[code],
            "step": field.step,
            "evidence": "labels",
            "annotator": "test",
        }
        found.append({key: row[key] for key in keys} | clause)
    return found


def corpus_row(clause: dict[str, Any], **changes: Any) -> dict[str, Any]:
    row = {key: clause[key] for key in ("chip_id", "scene_id", "family", "position", "field", "lead_in")}
    codes = {
        f"{when}_{what}": clause[key]
        for when in ("original", "final")
        for what, key in (("code", "code"), ("value", "value"))
    }
    rest = {"status": "kept", "suspicion": 0.0, "score_before": None, "score_after": None, "round": 0}
    return row | codes | rest | changes


def write_models(folder: Path) -> None:
    torch.manual_seed(0)
    words = build_tokenizer(vocabulary())
    text = TextConfig(max_length=80, depth=1, fusion_depth=1, heads=2, mlp_width=48, embedding_width=16)
    klip = KlipConfig(vision=VISION, text=text, vocabulary_size=words.vocabulary_size)
    (folder / "klip").mkdir()
    save_klip(Klip(klip, words), folder / "klip")
    settings = GptConfig(
        format="fusar-gpt/1",
        base_model=None,
        base_revision=None,
        image_size=None,
        vision=VISION,
        language=LanguageConfig(layers=1, heads=2, kv_heads=1, mlp_width=48, rope_theta=1e4, initial_std=0.3),
        lora=None,
        tlm=TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix"),
    )
    gpt = Gpt(settings, train_tokenizer(["user\n", "assistant\n", "How many ships are in this chip?"], 300))
    torch.nn.init.normal_(gpt.tlm.outer.weight, std=0.5)
    gpt.save(folder / "gpt")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, given: SimpleNamespace) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("evaluate")
    rows = rows_of_chips(given)
    annotations: list[dict[str, Any]] = []
    for scene in sorted({row["scene_id"] for row in rows}):
        own = [row for row in rows if row["scene_id"] == scene]
        write_table(own, CHIPS, folder / "chips" / f"{scene}.parquet")
        clauses = [clause for row in own for clause in clauses_of(row)]
        write_table(clauses, ANNOTATIONS, folder / "annotations" / f"{scene}.parquet")
        annotations += clauses
    train = [clause for clause in annotations if clause["split"] == "train"]
    write_table([corpus_row(clause) for clause in train], CORPUS, folder / "corpus.parquet")
    injected = [
        {key: clause[key] for key in ("chip_id", "field")}
        | {
            "true_code": "unknown",
            "true_value": "unknown",
            "injected_code": clause["code"],
            "injected_value": clause["value"],
        }
        for clause in train[::20]
    ]
    write_table(injected, INJECTED, folder / "injected" / "all.parquet")
    write_models(folder)
    names = {"corpus": "corpus.parquet"}
    return {
        name: folder / names.get(name, name) for name in ("chips", "annotations", "injected", "corpus", "klip", "gpt")
    }


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    return SimpleNamespace(config=config, raw=CONFIG, corpus_row=corpus_row)
