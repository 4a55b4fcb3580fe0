import pytest

from components.evaluation.proofreading import Clause, proofread
from components.scores.bootstrap import Resampling

RESAMPLING = Resampling(200, 1)


def clause(number, true_code=None, final="few", suspicion=0.0):
    original = "dense" if true_code else "few"
    names = ("landform", "Buildings")
    return Clause(f"c{number}", f"p{number % 5}", "sim-c3", *names, original, final, true_code, suspicion)


def figures(clauses):
    metrics, rows = proofread(clauses, RESAMPLING)
    return {metric.name: metric for metric in metrics}, rows


def test_who_suspects_and_mends_just_the_wrong_clauses_is_perfect():
    clauses = [clause(i) for i in range(40)] + [clause(i, "few", suspicion=3.0) for i in range(5)]
    found, rows = figures(clauses)
    assert {name: metric.estimate.value for name, metric in found.items()} == {
        "auroc": 1.0,
        "restored": 1.0,
        "clean_changed": 0.0,
        "right_after": 1.0,
    }
    assert found["right_after"].baselines["before"] == pytest.approx(40 / 45)
    assert [row["score"] for row in rows] == [1.0] * 5


def test_a_wrong_clause_that_gets_another_wrong_value_is_not_restored():
    found, _ = figures([clause(i) for i in range(10)] + [clause(1, "few", final="many", suspicion=1.0)])
    assert found["restored"].estimate.value == 0.0


def test_changing_a_clean_clause_is_counted_as_harm():
    found, _ = figures([clause(i) for i in range(9)] + [clause(9, final="many"), clause(1, "few", final="dense")])
    assert found["clean_changed"].estimate.value == pytest.approx(0.1)
    assert found["right_after"].estimate.value == pytest.approx(9 / 11)


def test_guessing_the_commonest_code_is_the_baseline_of_mending():
    found, _ = figures([clause(i) for i in range(9)] + [clause(1, "few"), clause(2, "many", final="many")])
    assert found["restored"].baselines["majority"] == 0.5


def test_without_wrong_clauses_there_is_nothing_to_tell():
    assert proofread([clause(i) for i in range(9)], RESAMPLING) == ([], [])
