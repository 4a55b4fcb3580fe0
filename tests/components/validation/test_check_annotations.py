import pytest

from components.validation.errors import CriticalValidationError
from components.validation.suites import SUITES


def failed(verdicts):
    return {
        (verdict["suite"], verdict["column"]): verdict["examples"] for verdict in verdicts if not verdict["success"]
    }


def test_good_annotations_pass_every_expectation(check_annotations, chips, clauses):
    metrics, verdicts = check_annotations(chips, clauses)
    assert failed(verdicts) == {}
    assert {verdict["suite"] for verdict in verdicts} == {s.name for s in SUITES if s.stage == "check_annotations"}
    assert metrics["warnings"] == 0.0


BAD_CLAUSES = [
    ("clauses", "coded", {"code": "purple"}, "scene-a-0 Count"),
    ("clauses", "said,words_of_code", {"value": "seven hundred"}, "scene-a-0 Count"),
    ("clauses", "said,words_of_code", {"lead_in": "planes counted"}, "scene-a-0 Count"),
    ("clauses", "is_orphan", {"chip_id": "scene-z-9"}, "scene-z-9 Count"),
    ("clauses", "step", {"step": "guessing"}, "scene-a-0 Count"),
    ("clauses", "evidence", {"evidence": ""}, "scene-a-0 Count"),
    ("captions", "fields", {"position": 3}, "scene-a-0"),
    ("captions", "caption_split,split", {"split": "test"}, "scene-a-0"),
]


@pytest.mark.parametrize(("suite", "column", "change", "row_id"), BAD_CLAUSES)
def test_one_bad_clause_is_critical_and_named(check_annotations, chips, clauses, suite, column, change, row_id):
    clauses[0] |= change
    with pytest.raises(CriticalValidationError) as raised:
        check_annotations(chips, clauses)
    failure = next(f for f in raised.value.failures if (f.suite, f.column) == (suite, column))
    assert list(failure.examples) == [row_id]


def test_a_field_said_twice_is_critical(check_annotations, chips, clauses):
    with pytest.raises(CriticalValidationError, match="scene-a-0 Count"):
        check_annotations(chips, [*clauses, clauses[0]])


def test_a_chip_without_caption_is_critical(check_annotations, chips, clauses):
    with pytest.raises(CriticalValidationError, match=r"scene-c-2\. The chip has no caption"):
        check_annotations(chips, [clause for clause in clauses if clause["chip_id"] != "scene-c-2"])


def test_a_caption_of_two_families_is_critical(check_annotations, chips, clauses):
    clauses[0] |= {"family": "aircraft", "lead_in": "aircraft counted"}
    with pytest.raises(CriticalValidationError) as raised:
        check_annotations(chips, clauses)
    assert "families" in {failure.column for failure in raised.value.failures}


def test_a_ship_caption_on_dry_land_is_critical(check_annotations, chips, clauses, given):
    chips[1] |= {"land_cover": given.cover(3), "objects": []}
    with pytest.raises(CriticalValidationError, match=r"caption_family,label_family: 1 failed: scene-a-1\."):
        check_annotations(chips, clauses)


def test_contradictions_are_counted_as_warnings_since_some_are_made_on_purpose(check_annotations, chips, clauses):
    count, location = clauses[0], clauses[1]
    count |= {"code": "0", "value": "none"}
    metrics, verdicts = check_annotations(chips, clauses)
    assert location["code"] != "none"
    assert failed(verdicts) == {("contradictions", "none_that_are_targets"): ["scene-a-0"]}
    assert metrics["warnings"] == 1.0


def test_ships_without_any_water_are_a_warning(check_annotations, chips, clauses, given):
    chips[0]["land_cover"] = given.cover(3)
    _, verdicts = check_annotations(chips, clauses)
    assert ("contradictions", "ships_without_water") in failed(verdicts)


def test_many_unknown_clauses_are_a_warning_that_names_some(check_annotations, chips, clauses):
    for clause in clauses[16:24]:  # the landform chip of scene-a
        clause |= {"code": "unknown", "value": "unknown"}
    _, verdicts = check_annotations(chips, clauses)
    assert failed(verdicts)[("clauses", "is_unknown")][:2] == ["scene-a-2 Terrain", "scene-a-2 Functionality"]
