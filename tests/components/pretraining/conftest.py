"""Sea chips whose captions say what is in them: sea state, a shore, how many ships and how bright they are."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from components.networks.encoder_sizes import KlipConfig
from components.networks.klip import Klip
from components.networks.tokenizer import build_tokenizer
from components.pretraining.captions import Captions, CaptionTable
from components.pretraining.samples import Samples
from components.pretraining.stage import STAGES, PretrainingConfig
from components.records.backscatter import encode_decibels
from components.records.families import SHIP, vocabulary
from components.records.schemas import ANNOTATIONS, CHIPS, VERDICTS
from components.records.tables import write_table
from components.training.planes import Planes, open_planes

SHIP_INDEX = 1
SMALL = {"steps": 6, "warmup_steps": 2, "batch_size": 8, "matching_pairs": 4, "screen_every": 1, "checkpoint_every": 2}
SEAS = {"calm_sea": -28.0, "rippled_sea": -20.0, "rough_sea": -12.0}


def scene(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, str]]:
    """Codes (2, 64, 64) of one chip and the code of each of its eight fields."""
    sea, shore, count = str(rng.choice(list(SEAS))), bool(rng.integers(2)), int(rng.integers(3))
    strong = bool(rng.integers(2))
    level = np.full((64, 64), SEAS[sea])
    if shore:
        level[:16] = -5.0
    for column in (12, 44)[:count]:
        level[36:48, column : column + 8] = 14.0 if strong else 2.0
    speckled = level + 10 * np.log10(rng.gamma(8, 1 / 8, level.shape))
    some = count > 0
    said = {
        "Count": str(count),
        "Location": "middle_left" if some else "none",
        "Feature": ("strong" if strong else "weak") if some else "none",
        "Size": "medium" if some else "none",
        "Category": "coaster" if some else "none",
        "Distribution": ("alone" if count == 1 else "scattered") if some else "none",
        "Region": "near_shore" if shore else "open_water",
        "Environment": sea,
    }
    return encode_decibels(np.stack([speckled, speckled - 7])), said


def value_indices(said: dict[str, str]) -> list[int]:
    return [list(field.values).index(said[field.name]) for field in SHIP.fields]


def samples(chip_row: Any, count: int, seed: int) -> Samples:
    made = [scene(np.random.default_rng([seed, n])) for n in range(count)]
    captions = Captions(torch.full((count,), SHIP_INDEX), torch.tensor([value_indices(said) for _, said in made]))
    ids = tuple(f"chip-{n:04d}" for n in range(count))
    planes = planes_of(dict(zip(ids, (codes for codes, _ in made), strict=True)), chip_row)
    return Samples(ids, ("scene",) * count, planes, captions)


def planes_of(codes: dict[str, np.ndarray], chip_row: Any) -> Planes:
    """Chips as a training set has them, all unpacked."""
    with TemporaryDirectory() as folder:
        rows = [
            chip_row(chip_id=name, polarizations=["VV", "VH"], backscatter=one.tobytes()) for name, one in codes.items()
        ]
        write_table(rows, CHIPS, Path(folder) / "scene.parquet")
        planes = open_planes(Path(folder), list(codes), fillers=0)
        planes[:]
    return planes


def tiny_config(**training: Any) -> PretrainingConfig:
    """The test suite's profile with some keys of `training` replaced."""
    raw = yaml.safe_load((Path(__file__).parents[3] / "profiles/tiny.yaml").read_text())["pretrain"]
    raw["training"] |= training
    return PretrainingConfig.model_validate(raw)


def klip_of(config: PretrainingConfig) -> Klip:
    torch.manual_seed(config.seed)
    tokenizer = build_tokenizer(vocabulary())
    size = KlipConfig(vision=config.vision, text=config.text, vocabulary_size=tokenizer.vocabulary_size)
    return Klip(size, tokenizer)


def write_inputs(folder: Path, chip_row: Any, split_counts: dict[str, int]) -> dict[str, Path]:
    """Chips, annotations and verdicts on disk, a scene a split."""
    inputs = {name: folder / name for name in ("chips", "annotations", "verdicts")}
    for split, count in split_counts.items():
        chips, clauses = [], []
        for n in range(count):
            codes, said = scene(np.random.default_rng([len(split), n]))
            about = {"chip_id": f"{split}-{n:03d}", "scene_id": split, "place_id": split, "split": split}
            chips.append(chip_row(**about, polarizations=["HH", "HV"], backscatter=codes.tobytes()))
            clauses += [clause_row(about, position, said) for position in range(len(SHIP.fields))]
        write_table(chips, CHIPS, inputs["chips"] / f"{split}.parquet")
        write_table(clauses, ANNOTATIONS, inputs["annotations"] / f"{split}.parquet")
    write_table([], VERDICTS, inputs["verdicts"])
    return inputs


def clause_row(about: dict[str, str], position: int, said: dict[str, str]) -> dict[str, Any]:
    field = SHIP.fields[position]
    code = said[field.name]
    return about | {
        "family": "ship",
        "position": position,
        "field": field.name,
        "code": code,
        "lead_in": field.lead_in,
        "value": field.values[code],
        "step": field.step,
        "evidence": "labels",
        "annotator": "rules",
    }


@pytest.fixture(scope="session")
def table() -> CaptionTable:
    return CaptionTable(build_tokenizer(vocabulary()))


@pytest.fixture(scope="session")
def sea(given) -> SimpleNamespace:
    return SimpleNamespace(
        samples=partial(samples, given.chip_row),
        config=tiny_config,
        klip=klip_of,
        write_inputs=write_inputs,
        clause_row=clause_row,
    )


@pytest.fixture
def checkout(tmp_path, sea, given):
    """A folder with the stage's inputs where the graph puts them, and the tiny profile with six steps."""
    made = sea.write_inputs(tmp_path / "made", given.chip_row, {"train": 24, "val": 6, "test": 4})
    for name, path in STAGES[0].inputs.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        made[name].rename(tmp_path / path)
    profile = tiny_config(**SMALL).model_dump(mode="json")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"pretrain": profile}))
    return tmp_path
