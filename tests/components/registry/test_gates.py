"""Gates on constructed versions: what they let pass, what they refuse, and that pairs are pairs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from components.lineage.record import Lineage
from components.records.schemas import ITEMS
from components.registry.errors import PolicyError
from components.registry.gates import lineage_complete, metric_floor, no_critical_failure, not_worse
from components.registry.gates.gate import Candidate
from components.registry.policy import GATES, POLICY_FILE, parse_policy
from tests.components.lineage.records import record, stage
from tests.components.registry.made import POLICY, item
from tests.small_house import ROOT

NOT_WORSE = not_worse.NotWorse(task="count", variant="correct", margin=0.05, min_items=20, draws=500, seed=1)
PLACES, CHIPS = 20, 10


class Version(Candidate):
    """A version whose record and items a test has written down."""

    def __init__(self, rows: list[dict[str, Any]], scenes: dict[str, str], number: int = 1) -> None:
        self.rows, self.scenes, self.number = rows, scenes, number

    name = property(lambda self: f"fusar-gpt/{self.number}")  # type: ignore[assignment]
    items = property(lambda self: pa.Table.from_pylist(self.rows, schema=ITEMS))  # type: ignore[assignment]

    @property
    def lineage(self) -> Lineage:  # type: ignore[override]
        files = {name: (SimpleNamespace(path=f"scenes/{name}.tif", md5=md5),) for name, md5 in self.scenes.items()}
        return SimpleNamespace(scenes=[SimpleNamespace(scene_id=n, files=f) for n, f in files.items()])  # type: ignore[return-value]


def version(seed: int, share_right: float, md5: str = "same", **changes: Any) -> Version:
    """Answers to the same questions, a share of them right."""
    rng = np.random.default_rng(seed)
    rows = [
        item(place, f"scene{place}-r0000-c{chip:04d}", float(rng.random() < share_right), **changes)
        for place in range(PLACES)
        for chip in range(CHIPS)
    ]
    return Version(rows, {f"scene{place}": md5 for place in range(PLACES)}, seed)


def test_an_equal_challenger_passes_and_a_clearly_worse_one_is_refused_with_its_interval() -> None:
    champion = version(1, 0.8)
    assert not_worse.judge(NOT_WORSE, champion, None).passed
    equal = not_worse.judge(NOT_WORSE, version(1, 0.8), champion)
    assert equal.passed
    assert equal.evidence["difference"]["low"] == 0.0
    worse = not_worse.judge(NOT_WORSE, version(2, 0.5), champion)
    assert not worse.passed
    assert worse.evidence["difference"]["high"] < 0
    assert "200 shared items at 20 places" in worse.reason


def test_a_challenger_that_may_have_lost_more_than_the_margin_is_refused() -> None:
    lucky = not_worse.judge(NOT_WORSE, version(7, 0.8), version(8, 0.8))
    low = lucky.evidence["difference"]["low"]
    assert lucky.passed == (low >= -0.05)
    assert low < 0, "two noisy versions differ; the interval says by how much"


@pytest.mark.parametrize("changes", [{"md5": "other"}, {"truth": "three ships"}, {"question": "Other words?"}])
def test_items_of_other_bytes_truths_or_questions_are_never_paired(changes: dict[str, str]) -> None:
    outcome = not_worse.judge(NOT_WORSE, version(1, 0.8, **changes), version(1, 0.8))
    assert not outcome.passed
    assert outcome.evidence["items"] == 0
    assert "0 shared items of count, needed 20" in outcome.reason


def test_a_question_asked_twice_of_one_chip_is_left_out_of_the_pairs() -> None:
    twice = version(1, 0.8)
    twice.rows.append(dict(twice.rows[0]))
    assert not_worse.judge(NOT_WORSE, twice, version(1, 0.8)).evidence["items"] == PLACES * CHIPS - 1


@pytest.mark.parametrize(
    ("metrics", "passed", "reason"),
    [
        ({"count": 0.5, "majority": 0.2}, True, "count is 0.500, needed 0.350"),
        ({"count": 0.3, "majority": 0.2}, False, "count is 0.300, needed 0.350"),
        ({"count": 0.5}, False, "majority is absent"),
        ({"count": float("nan"), "majority": 0.2}, False, "count is nan"),
    ],
)
def test_a_metric_must_beat_its_baseline(metrics: dict[str, float], passed: bool, reason: str) -> None:
    settings = metric_floor.MetricFloor(metric="count", floor=0.1, baseline="majority", factor=1, margin=0.15)
    candidate: Any = SimpleNamespace(evaluation=SimpleNamespace(metrics=metrics))
    outcome = metric_floor.judge(settings, candidate, None)
    assert outcome.passed is passed
    assert reason in outcome.reason


def test_a_critical_failure_and_the_absence_of_any_check_are_refused() -> None:
    settings = no_critical_failure.NoCriticalFailure()

    def outcome(*verdicts: Any) -> Any:
        candidate: Any = SimpleNamespace(lineage=SimpleNamespace(verdicts=verdicts))
        return no_critical_failure.judge(settings, candidate, None)

    good = SimpleNamespace(stage="check_chips", checks=9, critical_failures=(), warnings=("few looks",))
    bad = SimpleNamespace(stage="check_annotations", checks=3, critical_failures=("code unknown",), warnings=())
    assert outcome(good).passed
    assert outcome(good, bad).reason == "check_annotations: code unknown"
    assert not outcome().passed


def test_the_projects_policy_uses_every_gate_and_every_problem_of_a_policy_is_named() -> None:
    ours = parse_policy(Path(ROOT / POLICY_FILE).read_bytes(), POLICY_FILE)
    assert set(ours.rules) == {"fusar-klip", "fusar-gpt"}
    used = {rule.gate.name for rules in ours.rules.values() for rule in rules}
    assert used | {"approvals"} == {gate.name for gate in GATES}, "approvals waits for people, whom the demo lacks"
    wrong = POLICY.replace("margin: 0.05", "margin: 5").replace("gate: finite_weights", "gate: finite_weight")
    with pytest.raises(PolicyError) as refused:
        parse_policy(wrong.encode(), "promotion.yaml")
    assert len(refused.value.problems) == 2
    assert "fusar-gpt[2].margin" in str(refused.value)
    assert "fusar-klip[2].gate: must be one of" in str(refused.value)
    with pytest.raises(PolicyError, match="exactly the keys fusar-gpt, fusar-klip"):
        parse_policy(b"fusar-gpt: []", "promotion.yaml")


def test_lineage_complete_refuses_missing_parts_and_outputs_that_no_run_made() -> None:
    strict, loose = (lineage_complete.LineageComplete(allow_made_by_hand=allowed) for allowed in (False, True))

    def outcome(settings: lineage_complete.LineageComplete, **changes: Any) -> Any:
        candidate: Any = SimpleNamespace(lineage=record(**changes))
        return lineage_complete.judge(settings, candidate, None)

    by_hand = {"stages": (stage("pretrain", ""),)}
    assert outcome(strict).passed
    assert outcome(strict, **by_hand).reason == "no run made the outputs of pretrain"
    assert outcome(loose, **by_hand).passed
    assert outcome(loose, parents=()).reason == "missing: parent version of fusar-klip"
