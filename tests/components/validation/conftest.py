"""Nine good chips with their captions, and the two checks on files made of them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from components.annotation.annotator import annotate_chip
from components.annotation.rules import Rules
from components.records.schemas import ANNOTATIONS, CHIPS, SET_ASIDE, VERDICTS
from components.records.tables import read_table, write_table
from components.validation.stage import STAGES, CheckAnnotationsConfig, CheckChipsConfig

CHECK_CHIPS, CHECK_ANNOTATIONS = STAGES


@pytest.fixture
def chips(given):
    """Nine chips of three scenes at three places, one in each split; each test spoils what it is about."""
    rng = np.random.default_rng(5)
    rows = []
    for scene, split in (("scene-a", "train"), ("scene-b", "val"), ("scene-c", "test")):
        for number in range(3):
            rows.append(
                given.chip_row(
                    chip_id=f"{scene}-{number}",
                    scene_id=scene,
                    place_id=f"place-{scene}",
                    split=split,
                    col=64 * number,
                    longitude=3.0 + 0.002 * number,
                    latitude=51.44 + ord(scene[-1]) - ord("a"),
                    datetime=datetime(2024, 5, ord(scene[-1]) - ord("a") + 1, tzinfo=UTC),
                    # Speckle of four looks: no two chips show the same, and the pixels of a scene differ.
                    backscatter=given.backscatter(given.decibels() + 10 * np.log10(rng.gamma(4, 0.25, (64, 64)))),
                    alphaearth=b"",
                    land_cover=given.cover(1 + 2 * (number == 2)),
                    objects=[given.target("ship", 60.0, (10, 10, 20, 14))][: number == 0],
                )
            )
    return rows


@pytest.fixture
def clauses(chips, laptop_params):
    rules = Rules.model_validate(laptop_params["annotate"]["rules"])
    return [clause for chip in chips for clause in annotate_chip(chip, rules)]


@pytest.fixture
def check_chips(tmp_path, laptop_params):
    def check(chips, aside=(), **changes):
        write_table(chips, CHIPS, tmp_path / "chips" / "all.parquet")
        rows = [
            {"scene_id": name, "file": "items/x.json", "code": "missing-crs", "reason": "No CRS."} for name in aside
        ]
        write_table(rows, SET_ASIDE, tmp_path / "set_aside.parquet")
        config = CheckChipsConfig.model_validate(laptop_params["check_chips"] | {"split_places_min": 1} | changes)
        outputs = {"verdicts.parquet": tmp_path / "verdicts.parquet"}
        inputs = {"chips": tmp_path / "chips", "set_aside": tmp_path / "set_aside.parquet"}
        metrics = CHECK_CHIPS.run(config, inputs, outputs)
        return metrics, read_table(outputs["verdicts.parquet"], VERDICTS).to_pylist()

    return check


@pytest.fixture
def check_annotations(tmp_path, laptop_params):
    def check(chips, clauses):
        write_table(chips, CHIPS, tmp_path / "chips" / "all.parquet")
        write_table(clauses, ANNOTATIONS, tmp_path / "annotations" / "all.parquet")
        config = CheckAnnotationsConfig.model_validate(laptop_params["check_annotations"])
        outputs = {"verdicts.parquet": tmp_path / "verdicts.parquet"}
        inputs = {"chips": tmp_path / "chips", "annotations": tmp_path / "annotations"}
        metrics = CHECK_ANNOTATIONS.run(config, inputs, outputs)
        return metrics, read_table(outputs["verdicts.parquet"], VERDICTS).to_pylist()

    return check
