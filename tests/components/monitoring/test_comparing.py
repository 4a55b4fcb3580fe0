"""From chips to findings: what is known of a scene, what of it is compared, and what is said."""

import json
from pathlib import Path

import numpy as np
import pytest

from components.monitoring.answers import SceneAnswers, answers_of_items
from components.monitoring.baseline import (
    Baseline,
    KnownScene,
    read_answer_baseline,
    read_scene_baseline,
    write_answer_baseline,
    write_scene_baseline,
)
from components.monitoring.comparing import Comparison, NewAnswers, NewScenes
from components.monitoring.errors import BadMonitoringPolicy
from components.monitoring.ground import GroundFits, left_over
from components.monitoring.observing import SceneObservation, observe, quantiles_of
from components.monitoring.policy import MonitoringPolicy, read_monitoring_policy
from components.records.backscatter import encode_decibels
from components.records.schemas import CHIPS, ITEMS
from components.records.tables import write_table
from tests.components.conftest import SIDE, chip_row
from tests.components.registry.made import item, save_tiny_klip

POLICY = MonitoringPolicy(level=0.05, least_scenes=3, permutations=299, chips_per_scene=4, seed=5)


def write_scene(folder: Path, scene: str, level_db: float, rng: np.random.Generator, **changes: object) -> None:
    """One scene of two chips with speckle; AlphaEarth says how bright its ground is, but for `level_db`."""
    ground = rng.uniform(-1, 1)
    vectors = np.zeros((16, 64), np.float32)
    vectors[:, 0], vectors[:, 1] = ground, np.sqrt(1 - ground**2)
    rows = []
    for col in (0, SIDE):
        plane = -14 + 6 * ground + level_db + rng.normal(0, 1, (SIDE, SIDE))
        rows.append(
            chip_row(
                chip_id=f"{scene}-r0-c{col}",
                scene_id=scene,
                place_id=f"place-{scene}",
                col=col,
                backscatter=encode_decibels(np.stack([plane - 8, plane])).tobytes(),
                alphaearth=vectors.tobytes(),
                alphaearth_valid=np.ones(16, bool).tobytes(),
                **changes,
            )
        )
    write_table(rows, CHIPS, folder / f"{scene}.parquet")


def scenes(folder: Path, count: int, level_db: float, seed: int, **changes: object) -> list[SceneObservation]:
    rng = np.random.default_rng(seed)
    for number in range(count):
        write_scene(folder, f"s{seed}-{number:02d}", level_db, rng, **changes)
    return [scene for scene, _ in observe(folder)]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    folder = tmp_path_factory.mktemp("old")
    scenes(folder / "chips", 24, 0.0, seed=1)
    save_tiny_klip(folder / "klip", 1)
    write_scene_baseline(folder / "chips", folder / "klip", folder)
    return read_scene_baseline(folder)


def found(baseline: Baseline, new: list[SceneObservation], answers: NewAnswers | None = None) -> Comparison:
    return Comparison(baseline, NewScenes(new), answers or NewAnswers(), POLICY)


def test_a_decibel_of_calibration_is_found_in_five_scenes_although_scenes_differ_by_ten(
    baseline: Baseline, tmp_path: Path
) -> None:
    drift = found(baseline, scenes(tmp_path, 5, 1.0, seed=2)).run()
    assert {(one.what, one.polarization) for one in drift.drifted} >= {("ground level", "HH"), ("ground level", "HV")}
    assert [one.shift for one in drift.drifted if one.what == "ground level"] == pytest.approx([1, 1], abs=0.15)
    json.dumps([one.entry() for one in drift.findings])


def test_scenes_like_the_old_ones_are_no_drift(baseline: Baseline, tmp_path: Path) -> None:
    drift = found(baseline, scenes(tmp_path, 8, 0.0, seed=3)).run()
    assert not drift.is_found and len(drift.findings) == 9  # 2 polarisations x 4, and the ground


def test_a_sensor_and_a_polarisation_that_the_baseline_lacks_are_drift_without_a_test(
    baseline: Baseline, tmp_path: Path
) -> None:
    scenes(tmp_path / "a", 1, 0.0, seed=4, platform="new-sar")
    scenes(tmp_path / "b", 1, 0.0, seed=5, polarizations=["VH", "HH"])
    new = [scene for part in "ab" for scene, _ in observe(tmp_path / part)]
    drift = found(baseline, new).run()
    assert drift.unknown == ("polarisation VH of sim-c3 C-band sigma0", "sensor new-sar C-band sigma0")
    assert drift.is_found and not drift.findings and any("3 of each" in line for line in drift.untested)


def test_a_scene_of_the_baseline_is_judged_by_a_fit_without_its_place(tmp_path: Path) -> None:
    """A place of its own kind: a fit that holds it explains it away, one without it does not."""
    scenes(tmp_path, 20, 0.0, seed=6)
    odd = np.zeros((16, 64), np.float32)
    odd[:, 7] = 1.0
    plane = np.full((SIDE, SIDE), 5.0)
    rows = [
        chip_row(
            scene_id="odd",
            chip_id="odd-r0-c0",
            place_id="odd",
            backscatter=encode_decibels(np.stack([plane, plane])).tobytes(),
            alphaearth=odd.tobytes(),
        )
    ]
    write_table(rows, CHIPS, tmp_path / "odd.parquet")
    fits, seen = GroundFits(), []
    for scene, cells in observe(tmp_path):
        fits.add(scene, cells)
        seen.append(scene)
    place = [scene.scene_id for scene in seen].index("odd")
    honest = fits.left_over(seen)[place]["HH"]
    assert honest > 10 > abs(left_over(seen[place], "HH", fits.coefficients()["sim-c3 C-band sigma0", "HH"])) * 3


def test_quantiles_are_those_of_the_pixels_and_leave_nodata_out() -> None:
    codes = np.concatenate([np.zeros(500, int), np.repeat([41, 81], 100)])
    histogram = np.bincount(codes, minlength=256)
    low, high = quantiles_of(histogram, np.array([0.25, 0.75]), "s C-band sigma0")
    assert (low, high) == pytest.approx((-30, -20), abs=0.13)
    assert quantiles_of(histogram, np.array([0.25]), "s C-band amplitude")[0] == pytest.approx(41, abs=0.5)


def test_answers_without_alphaearth_are_kept_by_scene(tmp_path: Path) -> None:
    asked = {"task": "classify", "question": "Which class is this chip?"}
    rows = [
        item(0, "a-r0-c0", 1, variant="correct", answer="Ships.", **asked),
        item(0, "a-r0-c0", 1, variant="absent", answer="forest", **asked),
        item(0, "a-r0-c64", 1, variant="correct", answer="Ships.", **asked),  # it has no AlphaEarth
        item(0, "b-r2-r0-c0", 1, variant="absent", answer="forest", **asked),
        item(0, "b-r2-r0-c0", 1),  # a count, asked of the sea alone
    ]
    write_table(rows, ITEMS, tmp_path / "items.parquet")
    wanted = [
        SceneAnswers("a", "sim-c3", "class", {"forest": 1, "ships": 1}),
        SceneAnswers("b-r2", "sim-c3", "class", {"forest": 1}),
    ]
    assert answers_of_items(tmp_path / "items.parquet") == wanted
    write_answer_baseline(tmp_path / "items.parquet", tmp_path)
    assert read_answer_baseline(tmp_path) == wanted


def test_other_answers_are_found_scene_by_scene(baseline: Baseline) -> None:
    old = [SceneAnswers(f"o{n}", "sim-c3", "class", {"forest": 5 + n % 3, "fields": 4}) for n in range(12)]
    same = [SceneAnswers(f"n{n}", "sim-c3", "class", {"forest": 5 + n % 3, "fields": 4}) for n in range(6)]
    other = [SceneAnswers(f"n{n}", "", "class", {"open water": 9}) for n in range(6)]
    assert not found(baseline, [], NewAnswers(old, same)).run().is_found
    drift = found(baseline, [], NewAnswers(old, other)).run()
    assert [(one.what, one.old, one.new) for one in drift.drifted] == [("class", 12, 6)]


def test_the_repositorys_policy_is_read_and_a_wrong_one_names_its_key(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    assert read_monitoring_policy(root).level == 0.05
    text = (root / "monitoring.yaml").read_text()
    (tmp_path / "monitoring.yaml").write_text(text.replace("level: 0.05", "level: 5"))
    with pytest.raises(BadMonitoringPolicy, match=r"monitoring\.yaml: level"):
        read_monitoring_policy(tmp_path)


def test_only_scenes_that_no_model_was_trained_on_keep_an_embedding(tmp_path: Path) -> None:
    scenes(tmp_path / "chips", 2, 0.0, seed=7, split="train")
    scenes(tmp_path / "chips", 2, 0.0, seed=8, split="val")
    save_tiny_klip(tmp_path / "klip", 1)
    write_scene_baseline(tmp_path / "chips", tmp_path / "klip", tmp_path)
    first = (tmp_path / "baseline/scenes.parquet").read_bytes()
    known: tuple[KnownScene, ...] = read_scene_baseline(tmp_path).scenes
    assert [scene.image is None for scene in known] == [True, True, False, False]
    write_scene_baseline(tmp_path / "chips", tmp_path / "klip", tmp_path)
    assert (tmp_path / "baseline/scenes.parquet").read_bytes() == first
