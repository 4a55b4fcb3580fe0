"""Near-duplicates among chips with structure and speckle, and the gate that looks for them over real DVC objects."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import gaussian_filter, rotate

from components.lineage.contents import content_md5
from components.lineage.record import Content, Lineage
from components.pictures.hashing import Images
from components.pictures.near_duplicates import grain, near_duplicates, picture
from components.records.backscatter import encode_decibels
from components.records.schemas import CHIPS
from components.records.tables import write_table
from components.registry.gates import unseen_test_set
from components.registry.gates.gate import Candidate, Outcome
from components.revisions.home import Home
from tests.components.conftest import chip_row
from tests.components.lineage.records import record, scene, stage
from tests.small_house import ROOT, dvc, run

COUNT = 60
Codes = npt.NDArray[np.uint8]


def ground(count: int, seed: int) -> npt.NDArray[np.float64]:
    """(count, 64, 64) mean backscatter [dB]: patches of land and water, as chips have them."""
    rng = np.random.default_rng(seed)
    patches = gaussian_filter(rng.standard_normal((count, 64, 64)), (0, 9, 9))
    return np.where(patches > 0, -8.0, -18.0) + 20 * gaussian_filter(patches, (0, 3, 3))


def measured(mean_db: npt.NDArray[np.float64], seed: int, looks: int = 4) -> Images:
    rng = np.random.default_rng(seed)
    speckle = rng.gamma(looks, 1 / looks, mean_db.shape)
    return np.asarray(encode_decibels((mean_db + 10 * np.log10(speckle)).astype(np.float32)), np.uint8)


def shifted(images: Images, down: int, right: int) -> Images:
    """As a cut that starts elsewhere: what comes in at the edges is other ground."""
    other = np.roll(images, 1, axis=0)
    moved = np.roll(images, (down, right), axis=(1, 2))
    moved[:, :down], moved[:, :, :right] = other[:, :down], other[:, :, :right]
    return moved


def speckled(images: Images, looks: int) -> Images:
    noise = np.random.default_rng(5).gamma(looks, 1 / looks, images.shape)
    return np.asarray(np.clip(np.rint(images + 40 * np.log10(noise)), 1, 255), np.uint8)


def turned(images: Images, degrees: float) -> Images:
    return np.asarray(rotate(images, degrees, axes=(1, 2), reshape=False, order=1, mode="reflect"), np.uint8)


CHIPS_HERE = measured(ground(COUNT, 1), 2)


@pytest.mark.parametrize(
    ("copies", "least"),
    [
        (CHIPS_HERE, 1.0),
        (CHIPS_HERE[:, ::-1], 1.0),
        (np.rot90(CHIPS_HERE, 1, (1, 2)), 1.0),
        (np.rot90(CHIPS_HERE, 2, (1, 2)), 1.0),
        (np.rot90(CHIPS_HERE, 1, (1, 2))[:, ::-1], 1.0),
        (shifted(CHIPS_HERE, 1, 0), 1.0),
        (shifted(CHIPS_HERE, 2, 2), 0.95),
        (shifted(CHIPS_HERE, 3, 3), 0.95),
        (speckled(CHIPS_HERE, 4), 0.95),
        (turned(CHIPS_HERE, 2.0), 0.95),
        (np.clip(CHIPS_HERE.astype(int) + 12, 1, 255).astype(np.uint8), 1.0),  # 3 dB brighter
    ],
    ids=["same", "mirrored", "90", "180", "transposed", "1px", "2px", "3px", "speckled", "2deg", "brighter"],
)
def test_a_changed_copy_is_found_and_nothing_else(copies: Images, least: float) -> None:
    pairs = near_duplicates(np.ascontiguousarray(copies), CHIPS_HERE)
    assert len({pair.left for pair in pairs if pair.left == pair.right}) >= least * COUNT
    assert [pair for pair in pairs if pair.left != pair.right] == []


def test_other_ground_is_no_near_duplicate_however_many_chips_are_compared() -> None:
    assert near_duplicates(measured(ground(500, 7), 8), measured(ground(500, 9), 10)) == []


def test_empty_and_flat_chips_are_no_measurement_to_compare() -> None:
    assert near_duplicates(np.full((5, 64, 64), 80, np.uint8), np.full((5, 64, 64), 80, np.uint8)) == []
    assert near_duplicates(CHIPS_HERE[:0], CHIPS_HERE) == []


def test_a_picture_is_the_mean_of_the_planes_reduced_by_whole_blocks_with_no_data_filled() -> None:
    codes = np.full((1, 2, 130, 200), 100, np.uint8)
    codes[:, 1] = 60
    codes[0, :, :10] = 0
    found = picture(codes)
    assert found.shape == (1, 65, 100)
    assert (found == 80).all()


class Written(Candidate):
    """A version whose record a test has written down; its chips are real DVC objects."""

    def __init__(self, root: Path, lineage: Lineage) -> None:
        super().__init__(SimpleNamespace(), SimpleNamespace(name="fusar-gpt", version="1"), root, Home(root))
        self.__dict__.update(lineage=lineage, evaluation=lineage.evaluation)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in (".dvc/config", ".gitignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    run(tmp_path, "git", "init", "--quiet")
    return tmp_path


def judged(root: Path, chips: dict[str, tuple[str, Images]], **changes: Any) -> Outcome:
    """The gate's answer for scenes with a split and chips each; every scene lies at a place of its own."""
    for name, (split, images) in chips.items():
        rows = [
            chip_row(
                chip_id=f"{name}-r0-c{number}",
                scene_id=name,
                split=split,
                polarizations=["VV"],
                backscatter=image.tobytes(),
            )
            for number, image in enumerate(images)
        ]
        write_table(rows, CHIPS, root / f"chips/{name}.parquet")
    dvc(root, "add", "--quiet", "chips")
    folder = Content(path="outputs/ingest/chips", md5=content_md5(root / "chips"))
    ingest = stage("ingest").model_copy(update={"outs": (folder,)})
    scenes = tuple(scene(name, f"place-{name}").model_copy(update={"split": chips[name][0]}) for name in chips)
    parts: dict[str, Any] = {"stages": (ingest,), "scenes": scenes, "parents": ()}
    return unseen_test_set.judge(unseen_test_set.UnseenTestSet(), Written(root, record(**(parts | changes))), None)


def test_the_gate_names_a_chip_that_was_trained_on_under_another_name_at_another_place(repository: Path) -> None:
    clean = judged(repository, {"a": ("train", CHIPS_HERE[:20]), "b": ("test", CHIPS_HERE[20:])})
    assert clean.passed, clean.reason
    assert "40 test chips share nothing with 20 chips" in clean.reason
    copied = np.concatenate([CHIPS_HERE[20:30], shifted(CHIPS_HERE, 2, 1)[5:6]])
    caught = judged(repository, {"a": ("train", CHIPS_HERE[:20]), "b": ("test", copied)})
    assert not caught.passed
    assert "1 near-duplicate chips (b-r0-c10 is like a-r0-c5)" in caught.reason
    assert caught.evidence["near_duplicates"][0]["grain"] >= 0.3


def test_the_gate_names_places_scenes_and_files_on_both_sides(repository: Path) -> None:
    chips = {"a": ("train", CHIPS_HERE[:20]), "b": ("test", CHIPS_HERE[20:])}
    both = (
        scene("a", "place-x").model_copy(update={"split": "train"}),
        scene("b", "place-x").model_copy(update={"split": "test", "files": scene("a", "").files}),
    )
    outcome = judged(repository, chips, scenes=both)
    assert not outcome.passed
    assert outcome.evidence["places"] == ["place-x"]
    assert outcome.evidence["files"] == ["b"]


def test_chips_that_are_nowhere_and_a_version_without_a_test_set_do_not_pass(repository: Path) -> None:
    chips = {"a": ("train", CHIPS_HERE[:20]), "b": ("test", CHIPS_HERE[20:])}
    lost = stage("ingest").model_copy(update={"outs": (Content(path="outputs/ingest/chips", md5="0" * 32 + ".dir"),)})
    assert "in the DVC cache or remote" in judged(repository, chips, stages=(lost,)).reason
    untested = judged(repository, {name: ("train", images) for name, (_, images) in chips.items()})
    assert "names no chip" in untested.reason


def test_straight_lines_at_the_same_place_are_no_shared_grain() -> None:
    """Coasts, piers and borders of fields correlate wherever one is moved along the other."""
    stripes = np.broadcast_to(np.where(np.arange(64) // 16 % 2, -8.0, -18.0), (40, 64, 64))
    here, there = (measured(stripes, seed) for seed in (31, 32))
    assert not grain(here, there).any()
    assert (grain(here, speckled(here, 4)) > 0.3).all()
