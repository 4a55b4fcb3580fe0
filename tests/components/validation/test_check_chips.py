import numpy as np
import pytest

from components.records.schemas import VERDICTS
from components.records.tables import read_table
from components.validation.errors import CriticalValidationError
from components.validation.suites import SUITES


def failed(verdicts):
    return {
        (verdict["suite"], verdict["column"]): verdict["examples"] for verdict in verdicts if not verdict["success"]
    }


def test_good_chips_pass_every_expectation(check_chips, chips):
    metrics, verdicts = check_chips(chips)
    assert failed(verdicts) == {}
    assert {verdict["suite"] for verdict in verdicts} == {s.name for s in SUITES if s.stage == "check_chips"}
    assert metrics == {"expectations": float(len(verdicts)), "warnings": 0.0, "infos": 0.0}


BAD_CHIPS = [
    ("chips", "chip_id", {"chip_id": "scene-a-1"}, ["scene-a-1", "scene-a-1"]),
    ("chips", "polarizations", {"polarizations": ["VV", "XX"]}, ["scene-a-0"]),
    ("chips", "polarizations", {"polarizations": ["VV", "VV"]}, ["scene-a-0"]),
    ("chips", "valid_share", {"valid_share": 1.5}, ["scene-a-0"]),
    ("chips", "valid_share", {"valid_share": 0.1}, ["scene-a-0"]),
    ("chips", "valid_share", {"valid_share": float("nan")}, ["scene-a-0"]),
    ("chips", "incidence_deg", {"incidence_deg": 88.0}, ["scene-a-0"]),
    ("chips", "mean_db", {"backscatter": np.full((2, 64, 64), 255, np.uint8).tobytes()}, ["scene-a-0"]),
    ("chips", "spacing_m", {"spacing_m": 0.0}, ["scene-a-0"]),
    ("chips", "spacing_m", {"spacing_m": float("nan")}, ["scene-a-0"]),
    ("chips", "crs", {"crs": "WGS 84"}, ["scene-a-0"]),
    ("chips", "footprint_offset_m", {"longitude": 5.0}, ["scene-a-0"]),
    ("chips", "footprint_offset_m", {"footprint": b"no polygon"}, ["scene-a-0"]),
    ("places", "splits", {"split": "test"}, ["place-scene-a"]),
    ("splits", "split", {"split": "holdout", "place_id": "elsewhere"}, ["holdout"]),
]


@pytest.mark.parametrize(("suite", "column", "change", "ids"), BAD_CHIPS)
def test_one_bad_chip_is_critical_and_named(check_chips, chips, suite, column, change, ids):
    chips[0] |= change
    with pytest.raises(CriticalValidationError) as raised:
        check_chips(chips)
    failure = next(f for f in raised.value.failures if (f.suite, f.column) == (suite, column))
    assert list(failure.examples) == ids
    assert failure.unexpected == len(ids)
    assert len(raised.value.failures) == 1
    assert all(part in str(raised.value) for part in ("check_chips", suite, column, ids[0], failure.remedy))


def test_a_footprint_across_the_antimeridian_is_not_far_from_its_centre(check_chips, chips, given):
    chips[0] |= {"longitude": -179.9999, "footprint": given.chip_row(longitude=180.0)["footprint"]}
    assert failed(check_chips(chips)[1]) == {}


def test_a_split_without_chips_is_critical(check_chips, chips):
    with pytest.raises(CriticalValidationError, match=r"suite splits.* on chips: 1 failed: val\. No place"):
        check_chips([chip for chip in chips if chip["split"] != "val"])


def test_no_chips_at_all_names_every_split(check_chips):
    with pytest.raises(CriticalValidationError, match="train, val, test"):
        check_chips([])


def test_scenes_set_aside_are_a_warning_and_then_critical(check_chips, chips):
    metrics, verdicts = check_chips(chips, ["scene-x"], set_aside_critical_share=0.3)
    assert failed(verdicts) == {("scenes", "set_aside"): ["scene-x"]}
    assert metrics["warnings"] == 1.0
    with pytest.raises(CriticalValidationError, match=r"scene-x.*set_aside\.parquet"):
        check_chips(chips, ["scene-x"], set_aside_critical_share=0.2)


def test_unknown_incidence_is_allowed_but_warned_of_when_it_is_the_rule(check_chips, chips):
    for chip in chips[:5]:
        chip["incidence_deg"] = None
    metrics, verdicts = check_chips(chips)
    assert list(failed(verdicts)) == [("chips", "incidence_deg")]
    assert metrics["warnings"] == 1.0


def test_uncalibrated_amplitude_has_no_decibels_to_judge(check_chips, chips):
    for chip in chips:
        chip |= {"quantity": "amplitude", "backscatter": np.full((2, 64, 64), 254, np.uint8).tobytes()}
    assert failed(check_chips(chips)[1]) == {}


def test_more_than_twenty_bad_rows_are_counted_and_the_first_twenty_named(check_chips, chips):
    many = [chips[0] | {"chip_id": f"chip-{i:02}", "crs": "none"} for i in range(25)]
    with pytest.raises(CriticalValidationError) as raised:
        check_chips(chips + many)
    (failure,) = raised.value.failures
    assert (failure.unexpected, failure.examples) == (25, tuple(f"chip-{i:02}" for i in range(20)))
    assert "and 5 more" in str(raised.value)


def test_verdicts_say_rows_failures_severity_and_remedy_and_are_the_same_bytes_twice(check_chips, chips, tmp_path):
    chips[0]["crs"] = "WGS 84"
    written = []
    for _ in range(2):
        with pytest.raises(CriticalValidationError):
            check_chips(chips)
        written.append((tmp_path / "verdicts.parquet").read_bytes())
    assert written[0] == written[1]
    verdicts = read_table(tmp_path / "verdicts.parquet", VERDICTS).to_pylist()
    (verdict,) = [verdict for verdict in verdicts if not verdict["success"]]
    assert verdict == {
        "suite": "chips",
        "expectation": "expect_column_values_to_match_regex",
        "column": "crs",
        "severity": "critical",
        "success": False,
        "rows": 9,
        "unexpected": 1,
        "examples": ["scene-a-0"],
        "remedy": "Set the raster's coordinate reference system by its EPSG code.",
    }
    assert all(verdict["remedy"].endswith(".") for verdict in verdicts)
