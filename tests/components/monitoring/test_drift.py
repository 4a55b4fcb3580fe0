"""Simulated drift is found, and what has not drifted is left alone as often as the level promises."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from components.ingestion.config import IngestConfig
from components.ingestion.stage import STAGES
from components.monitoring.baseline import Baseline, KnownScene
from components.monitoring.comparing import Comparison, NewAnswers, NewScenes
from components.monitoring.embeddings import embed_scenes
from components.monitoring.findings import Drift
from components.monitoring.ground import GroundFits
from components.monitoring.observing import Cells, SceneObservation, observe
from components.monitoring.policy import MonitoringPolicy
from components.simulation.catalogue import read_catalogue
from components.simulation.conditions import NOMINAL, SEASONS, Conditions
from components.simulation.scene import write_scene
from tests.components.registry.made import save_tiny_klip

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
# Smaller than the catalogues': a scene then costs 0.1 s, and a chip of it is as it is.
SIZES = {"c10": 128, "c3": 192, "x1": 192, "l6": 128}
POLICY = MonitoringPolicy(level=0.05, least_scenes=3, permutations=199, chips_per_scene=4, seed=1)
DRAWS = 200
Seen = tuple[list[tuple[SceneObservation, Cells | None]], dict[str, Any]]


class Campaign:
    """Scenes of catalogues, simulated, cut and embedded."""

    def __init__(self, folder: Path, params: dict[str, Any]) -> None:
        self.folder, self.config = folder, IngestConfig.model_validate(params["ingest"])
        save_tiny_klip(folder / "klip", 3)

    def take(self, catalogue: str, seeds: Sequence[int], conditions: Conditions = NOMINAL) -> Seen:
        data = self.folder / f"{catalogue}-{seeds[0]}-{conditions.calibration_db}-{len(conditions.cover_db)}"
        for seed in seeds:
            for spec in read_catalogue(catalogue):
                name = f"{spec.scene_id}-{seed}"
                write_scene(
                    dataclasses.replace(spec, size_px=SIZES[spec.sensor], scene_id=name), seed, data, conditions
                )
        outputs = {"chips": data / "chips", "set_aside.parquet": data / "set_aside.parquet"}
        STAGES[0].run(self.config, {"data": data, "withdrawn": ROOT / "withdrawn.csv"}, outputs)
        seen = list(observe(data / "chips"))
        files = {scene.scene_id: data / "chips" / f"{scene.scene_id}.parquet" for scene, _ in seen}
        return seen, embed_scenes(self.folder / "klip", files, POLICY.chips_per_scene)


def baseline_of(seen: Seen, chosen: Sequence[int]) -> Baseline:
    fits, scenes = GroundFits(), []
    for place in chosen:
        fits.add(*seen[0][place])
        scenes.append(seen[0][place][0])
    known = (
        KnownScene(scene, rest, seen[1][scene.scene_id])
        for scene, rest in zip(scenes, fits.left_over(scenes), strict=True)
    )
    return Baseline(tuple(known), fits.coefficients())


def drift_of(baseline: Baseline, new: Seen, chosen: Sequence[int]) -> Drift:
    scenes = NewScenes([new[0][place][0] for place in chosen], new[1])
    return Comparison(baseline, scenes, NewAnswers(), POLICY).run()


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory, laptop_params: dict[str, Any]) -> Campaign:
    return Campaign(tmp_path_factory.mktemp("campaign"), laptop_params)


@pytest.fixture(scope="module")
def pool(campaign: Campaign) -> Seen:
    """The places of the demo, seen twice."""
    return campaign.take("demo", (1, 2))


def test_each_simulated_drift_is_found_and_what_it_is_can_be_read(campaign: Campaign, pool: Seen) -> None:
    baseline = baseline_of(pool, range(0, len(pool[0]), 2))

    def found(catalogue: str, conditions: Conditions = NOMINAL) -> Drift:
        new = campaign.take(catalogue, (11,), conditions)
        return drift_of(baseline, new, range(len(new[0])))

    assert not found("arrivals").is_found
    offset = found("arrivals", Conditions(calibration_db=1.0))
    assert {one.what for one in offset.drifted} == {"ground level"}
    shifts = [one.shift for one in offset.drifted]
    assert np.mean(shifts) == pytest.approx(1.0, abs=0.5)
    winter = found("arrivals", Conditions(cover_db=SEASONS["winter"]))
    assert "ground level" in {one.what for one in winter.drifted}
    assert all(one.shift < 0 for one in winter.drifted if one.what == "ground level")
    assert {"ground", "image"} <= {one.what for one in found("new-region").drifted}
    assert found("new-sensor").unknown == ("sensor sim-l6 L-band sigma0",)


def test_without_drift_false_alarms_are_as_rare_as_the_level_says(pool: Seen) -> None:
    rng = np.random.default_rng(2026)
    alarms = 0
    for _ in range(DRAWS):
        order = rng.permutation(len(pool[0]))
        alarms += drift_of(baseline_of(pool, order[:120]), pool, order[120:150]).is_found
    print(f"{alarms} false alarms in {DRAWS} draws at level {POLICY.level}")
    # The level, and the binomial error of as many draws at 95 %.
    assert alarms <= binom.ppf(0.95, DRAWS, POLICY.level)
