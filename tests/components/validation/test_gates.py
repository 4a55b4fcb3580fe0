"""What is wrong with whole scenes, labels and splits: each fault is found, named and told apart from what is right."""

from datetime import UTC, datetime

import numpy as np
import pytest

from components.records.backscatter import encode_decibels
from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import write_table
from components.validation import twins
from components.validation.expectations import judge
from components.validation.stage import CheckChipsConfig
from components.validation.suites import balance, labels, leaks, radiometry, sensors, splits
from components.validation.suites import scenes as scene_suite
from components.validation.tables import Tables

SIDE = 64


def speckled(seed, co=-12.0, cross=-19.0, looks=4, swapped=False):
    """A chip of HV and HH with structure and speckle [dB]."""
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.normal(0, 4, (8, 8)), np.ones((8, 8)))
    levels = (co, cross) if swapped else (cross, co)
    planes = [level + ground + 10 * np.log10(rng.gamma(looks, 1 / looks, ground.shape)) for level in levels]
    return encode_decibels(np.stack(planes).astype(np.float32))


@pytest.fixture
def judged(tmp_path, laptop_params):
    """Some suites on chips: their verdicts, without the error that a critical one makes of a whole stage."""

    def check(chips, *suites, **changes):
        write_table(chips, CHIPS, tmp_path / "chips" / "all.parquet")
        write_table([], SET_ASIDE, tmp_path / "set_aside.parquet")
        config = CheckChipsConfig.model_validate(laptop_params["check_chips"] | {"split_places_min": 1} | changes)
        tables = Tables({"chips": tmp_path / "chips", "set_aside": tmp_path / "set_aside.parquet"})
        return judge([suite.SUITE for suite in suites], config, tables, None)

    return check


@pytest.fixture
def failed(judged):
    """Columns whose expectation does not hold, with severity and examples."""

    def check(chips, *suites, **changes):
        verdicts = judged(chips, *suites, **changes)
        return {one["column"]: (one["severity"], one["examples"]) for one in verdicts if not one["success"]}

    return check


@pytest.fixture
def scenes(chips):
    """Three scenes with structure: nine chips as different from each other as chips are."""
    for number, chip in enumerate(chips):
        chip["backscatter"] = speckled(number).tobytes()
    return chips


def of(chips, scene, **changes):
    for chip in chips:
        if chip["scene_id"] == scene:
            chip |= changes


def test_swapped_polarisations_are_critical_and_the_scene_is_named(failed, scenes):
    assert failed(scenes, radiometry) == {}
    for number, chip in enumerate(scenes[:3]):
        chip["backscatter"] = speckled(number, swapped=True).tobytes()
    assert failed(scenes, radiometry) == {"cross_above_co_db": ("critical", ["scene-a HV"])}


def test_linear_power_read_as_decibel_hardly_spreads_and_lies_too_high(failed, scenes):
    rng = np.random.default_rng(1)
    for chip in scenes[:3]:
        power = 0.1 * rng.gamma(4, 0.25, (2, SIDE, SIDE)) * np.array([[[0.2]], [[1.0]]])
        chip["backscatter"] = encode_decibels(power).tobytes()
    found = failed(scenes, radiometry)
    assert found["spread_db"] == ("critical", ["scene-a HV", "scene-a HH"])


@pytest.mark.parametrize(("band", "level", "column"), [("C", 9.0, "mean_db_C"), ("X", -36.0, "mean_db_X")])
def test_a_level_that_no_scene_of_the_band_has_is_critical(failed, scenes, band, level, column):
    for number, chip in enumerate(scenes[:3]):
        chip |= {"frequency_band": band, "backscatter": speckled(number, level, level - 1.0).tobytes()}
    severity, examples = failed(scenes, radiometry)[column]
    assert (severity, examples) == ("critical", ["scene-a HV", "scene-a HH"])


def test_one_scene_far_from_the_others_of_its_sensor_is_a_warning(failed, scenes):
    more = [
        scenes[0]
        | {
            "chip_id": f"more-{i}",
            "scene_id": f"more-{i}",
            "backscatter": speckled(40 + i).tobytes(),
            "datetime": datetime(2023, 1, 1 + i, tzinfo=UTC),
        }
        for i in range(5)
    ]
    assert failed([*scenes, *more], radiometry) == {}
    more[2]["backscatter"] = speckled(42, 1.0, -19.0).tobytes()
    found = failed([*scenes, *more], radiometry, scene_offset_max_db=9.0)
    assert found == {"offset_db": ("warning", ["more-2 HH"])}


def test_saturated_amplitude_is_a_warning_and_a_dark_one_is_not(failed, scenes):
    codes = np.full((2, SIDE, SIDE), 255, np.uint8)
    codes[:, ::2] = 1
    of(scenes, "scene-a", quantity="amplitude", backscatter=codes.tobytes())
    found = failed(scenes, radiometry)
    assert found["clipped_share"] == ("warning", ["scene-a HV", "scene-a HH"])
    codes[codes == 255] = 90
    of(scenes, "scene-a", backscatter=codes.tobytes())
    assert "clipped_share" not in failed(scenes, radiometry)


@pytest.mark.parametrize(
    "copy",
    [
        lambda codes: codes,
        lambda codes: codes[:, ::-1],
        lambda codes: np.rot90(codes, 1, (1, 2)),
        lambda codes: np.clip(codes.astype(int) + 8, 1, 255).astype(np.uint8),  # 2 dB brighter
    ],
    ids=["same", "mirrored", "turned", "brighter"],
)
def test_a_copy_in_another_split_at_another_place_is_a_leak(failed, scenes, copy):
    scenes[7]["backscatter"] = np.ascontiguousarray(copy(speckled(1))).tobytes()
    found = failed(scenes, leaks)
    assert found["twin"] == ("critical", ["scene-c-1"])


def test_a_copy_of_validation_in_the_test_is_a_leak_too(failed, scenes):
    scenes[8]["backscatter"] = scenes[4]["backscatter"]
    assert failed(scenes, leaks)["twin"] == ("critical", ["scene-c-2"])


def test_where_chips_are_too_many_an_even_share_is_compared(judged, scenes, monkeypatch):
    monkeypatch.setattr(twins, "MOST_COMPARISONS", 8 * 3 * 3)
    # Every second of six against training, all three of the test against validation.
    assert judged(scenes, leaks)[0]["rows"] == 5


def test_even_chips_are_like_each_other_and_no_leak(failed, chips):
    calm = encode_decibels(np.full((2, SIDE, SIDE), -20.0, np.float32)).tobytes()
    chips[0]["backscatter"] = chips[8]["backscatter"] = calm
    assert "twin" not in failed(chips, leaks)


def test_one_scene_under_two_names_is_a_warning_on_both(failed, scenes):
    twin = [chip | {"chip_id": f"twin-{i}", "scene_id": "twin"} for i, chip in enumerate(scenes[:3])]
    found = failed([*scenes, *twin], scene_suite)
    assert found["same_pixels"] == ("warning", ["scene-a", "twin"])
    assert found["same_acquisition"] == ("warning", ["scene-a", "twin"])


def test_the_next_slice_of_a_pass_is_no_twin(failed, scenes):
    beside = [
        chip | {"chip_id": f"next-{i}", "scene_id": "next", "longitude": chip["longitude"] + 0.1}
        for i, chip in enumerate(scenes[:3])
    ]
    for i, chip in enumerate(beside):
        chip["backscatter"] = speckled(70 + i).tobytes()
    assert "same_acquisition" not in failed([*scenes, *beside], scene_suite)


def test_boxes_outside_or_empty_are_critical(failed, scenes, given):
    scenes[0]["objects"] = [given.target("ship", 60.0, (10, 10, 20, 70)), given.target("ship", 60.0, (5, 5, 5, 9))]
    found = failed(scenes, labels)
    assert found["outside_px"] == ("critical", ["scene-a-0 0"])
    assert found["area_px"] == ("critical", ["scene-a-0 1"])


def test_labels_on_nothing_too_long_or_no_brighter_than_the_sea_are_warnings(failed, scenes, given):
    codes = speckled(0)
    codes[:, 30:40, 30:40] = 0
    boxes = [(4 + 8 * i, 4, 10 + 8 * i, 10) for i in range(5)]
    for x0, y0, x1, y1 in boxes:
        codes[:, y0:y1, x0:x1] = 30
    scenes[0] |= {
        "backscatter": codes.tobytes(),
        "objects": [
            given.target("aircraft", 120.0, (30, 30, 40, 40)),
            *(given.target("ship", 470.0 if i == 2 else 60.0, box) for i, box in enumerate(boxes)),
        ],
    }
    found = failed(scenes, labels, class_share_min=0.0, class_distance_max=1.0)
    assert found["valid_share"] == ("warning", ["scene-a-0 0"])
    assert found["aircraft_length_m"] == ("warning", ["scene-a-0 0"])
    assert found["ship_length_m"] == ("warning", ["scene-a-0 3"])
    assert found["contrast_db"] == ("warning", [f"scene-a-0 {i}" for i in range(1, 6)])


def test_classes_that_are_rare_only_tested_or_shifted_are_warnings(failed, scenes, given):
    of(scenes, "scene-c", land_cover=given.cover(5), objects=[])
    found = failed(scenes, balance)
    assert found["test_only"] == ("warning", ["land cover built-up"])
    assert "family landform" in found["distance"][1]
    assert found["train_share"] == ("warning", ["land cover built-up"])


def test_a_sensor_that_is_only_tested_is_a_warning_and_one_that_is_never_tested_a_remark(failed, scenes):
    of(scenes, "scene-a", platform="sim-x9")
    found = failed(scenes, sensors)
    assert found["train"] == ("warning", ["sim-c3 C sigma0"])
    assert found["test"] == ("info", ["sim-x9 C sigma0"])


def test_splits_without_labels_alphaearth_or_enough_places_are_warnings(failed, scenes):
    of(scenes, "scene-c", land_cover=None, objects=None, alphaearth=None)
    found = failed(scenes, splits, split_places_min=2, class_distance_max=1.0)
    assert found == {
        "places": ("warning", ["train", "val", "test"]),
        "land_cover_share": ("warning", ["test"]),
        "objects_share": ("warning", ["test"]),
        "alphaearth_share": ("warning", ["test"]),
    }
