"""Gates that count single answers: floors for slices, and AlphaEarth exchanged or taken away."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.lineage.versions import open_registry, resolve
from components.registry.errors import PolicyError
from components.registry.gates import alphaearth_ablation, slice_floor
from components.registry.gates.gate import Candidate
from components.registry.policy import parse_policy
from components.revisions.home import Home
from tests.components.registry.made import POLICY, item
from tests.components.registry.test_gates import Version
from tests.conftest import Demo

DRAWN = {"draws": 500, "seed": 1}
CHIPS = 20


def floor(**changes: Any) -> slice_floor.SliceFloor:
    values = {"task": "count", "variant": "correct", "by": "platform", "floor": 0.5, "min_items": 20, **DRAWN}
    return slice_floor.SliceFloor(**{**values, **changes})


def answers(place: int, right: int, **changes: Any) -> list[dict[str, Any]]:
    """Answers to one question at each chip of a place, the first `right` of them right."""
    return [item(place, f"scene{place}-r0000-c{chip:04d}", float(chip < right), **changes) for chip in range(CHIPS)]


def version(*rows: list[dict[str, Any]]) -> Version:
    return Version([row for part in rows for row in part], {})


SENSORS = version(
    answers(1, 19, platform="sim-c3"),
    answers(2, 18, platform="sim-c3"),
    answers(3, 7, platform="sim-x1", family="aircraft"),
    answers(4, 0, platform="sim-c10")[:5],
)


@pytest.mark.parametrize(
    ("changes", "passed", "reason"),
    [
        ({}, False, "count by platform: sim-x1 is 0.350 (20 items), needed 0.500"),
        (
            {"floor": 0.35},
            True,
            "count by platform: the lowest of 2 slices, sim-x1 is 0.350 (20 items), needed 0.350; 1 too small to judge",
        ),
        ({"min_items": 5}, False, "sim-c10 is 0.000 (5 items), sim-x1 is 0.350 (20 items), needed 0.500"),
        ({"min_items": 41}, False, "count by platform: no slice has 41 items"),
        ({"by": "family"}, False, "count by family: aircraft is 0.350 (20 items), needed 0.500"),
        ({"by": "place"}, False, "count by place: place-3 is 0.350 (20 items), needed 0.500"),
        ({"task": "classify"}, False, "classify by platform: no slice has 20 items"),
    ],
)
def test_a_good_mean_hides_no_bad_slice(changes: dict[str, Any], passed: bool, reason: str) -> None:
    outcome = slice_floor.judge(floor(**changes), SENSORS, None)
    assert outcome.passed is passed
    assert reason in outcome.reason


def test_the_evidence_has_every_slice_with_its_interval_and_is_json() -> None:
    evidence = slice_floor.judge(floor(), SENSORS, None).evidence
    assert evidence["too_small"] == ["sim-c10"]
    assert list(evidence["slices"]) == ["sim-c10", "sim-c3", "sim-x1"]
    assert evidence["slices"]["sim-c3"] == {"value": 0.925, "low": 0.9, "high": 0.95, "n": 40, "places": 2}
    assert evidence["slices"]["sim-x1"]["low"] is None, "one place has no interval"
    json.dumps(evidence, allow_nan=False)


def test_a_score_that_is_no_number_passes_no_floor() -> None:
    rows = answers(1, 20)
    rows[0]["score"] = float("nan")
    outcome = slice_floor.judge(floor(floor=0.0), version(rows), None)
    assert not outcome.passed
    json.dumps(outcome.evidence, allow_nan=False)


def test_resolutions_come_from_the_chips_that_the_record_names(demo: Demo, tmp_path: Path) -> None:
    root = demo.clone.root
    client = open_registry(root)
    asked = Candidate(client, resolve(client, "fusar-klip/1"), tmp_path, Home(root))
    settings = floor(task="i2t_r5", variant="none", by="resolution", floor=0.0, min_items=1)
    evidence = slice_floor.judge(settings, asked, None).evidence
    assert set(evidence["slices"]) == {"1 m", "3 m", "10 m"}


def ablation(**changes: Any) -> alphaearth_ablation.AlphaearthAblation:
    values = {"task": "count", "against": "shuffled", "margin": 0.0, "min_items": 20, **DRAWN}
    return alphaearth_ablation.AlphaearthAblation(**{**values, **changes})


def variants(correct: int, shuffled: int, absent: int, places: int = 10) -> Version:
    by_name = {"correct": correct, "shuffled": shuffled, "absent": absent}
    return version(*(answers(place, right, variant=name) for name, right in by_name.items() for place in range(places)))


def test_alphaearth_must_be_of_use_on_the_same_questions() -> None:
    used = variants(correct=16, shuffled=8, absent=16)
    gain = alphaearth_ablation.judge(ablation(), used, None)
    assert gain.passed
    assert gain.reason == (
        "count: 0.800 with the right vectors, 0.400 shuffled: +0.400 (95 % interval +0.400 to +0.400, 200 shared items "
        "at 10 places), must gain more than 0.000"
    )
    assert not alphaearth_ablation.judge(ablation(margin=0.4), used, None).passed
    none = alphaearth_ablation.judge(ablation(against="absent"), used, None)
    assert not none.passed, "a model that never looks at it gains nothing"
    assert none.evidence["gain"]["value"] == 0.0


def test_a_gain_at_one_place_alone_is_no_gain_over_places() -> None:
    rows = [
        row for place in range(1, 10) for name in ("correct", "shuffled") for row in answers(place, 10, variant=name)
    ]
    lucky = version(rows, answers(0, 20, variant="correct"), answers(0, 0, variant="shuffled"))
    outcome = alphaearth_ablation.judge(ablation(), lucky, None)
    assert outcome.evidence["correct"] > outcome.evidence["shuffled"]
    assert not outcome.passed
    one_place = alphaearth_ablation.judge(ablation(), variants(20, 0, 0, places=1), None)
    assert not one_place.passed, "one place has no interval"
    json.dumps(one_place.evidence, allow_nan=False)


def test_questions_that_were_asked_in_one_variant_only_are_not_paired() -> None:
    used = variants(correct=16, shuffled=8, absent=16)
    used.rows = [row for row in used.rows if row["variant"] != "shuffled" or row["place_id"] == "place-0"]
    outcome = alphaearth_ablation.judge(ablation(min_items=21), used, None)
    assert outcome.reason == "20 questions of count were asked in both variants, needed 21"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("slice_floor, task: count, variant: none, by: colour, floor: 0, min_items: 1, draws: 500, seed: 1", "by"),
        ("alphaearth_ablation, task: count, against: none, margin: 0, min_items: 2, draws: 500, seed: 1", "against"),
        ("serves, max_boot_s: 9999, min_in_form: 1", "max_boot_s"),
        ("latency, max_median_ms: 0", "max_median_ms"),
        ("size, max_mb: -1", "max_mb"),
    ],
)
def test_settings_out_of_range_are_named(rule: str, problem: str) -> None:
    text = POLICY.replace("fusar-gpt:\n", f"fusar-gpt:\n  - {{gate: {rule}}}\n")
    with pytest.raises(PolicyError, match=rf"fusar-gpt\[0\]\.{problem}: "):
        parse_policy(text.encode(), "promotion.yaml")
