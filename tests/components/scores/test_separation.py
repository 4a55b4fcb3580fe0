import time

import numpy as np
import pytest

from components.scores.bootstrap import Resampling
from components.scores.separation import auroc

RESAMPLING = Resampling(draws=500, seed=5)


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(8, size=200).astype(float), rng.random(200) < 0.3
    pairs = np.sign(scores[positive][:, None] - scores[~positive][None]) / 2 + 0.5
    assert auroc(scores, positive, ["p"] * 200, RESAMPLING).value == pytest.approx(pairs.mean())


def test_auroc_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(1)
    positive = rng.random(1000) < 0.1
    scores = np.round(rng.normal(size=1000) + positive, 1)
    expected = metrics.roc_auc_score(positive, scores)
    assert auroc(scores, positive, ["p"] * 1000, RESAMPLING).value == pytest.approx(expected)


def test_drawing_places_equals_repeating_their_items():
    rng = np.random.default_rng(2)
    places = [f"p{i % 12}" for i in range(240)]
    positive = rng.random(240) < 0.3
    scores = rng.normal(size=240) + positive
    estimate = auroc(scores, positive, places, RESAMPLING)
    areas = []
    for counts in np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=500):
        by_name = dict(zip(sorted(set(places)), counts, strict=True))
        times = [by_name[place] for place in places]
        areas.append(auroc(np.repeat(scores, times), np.repeat(positive, times), ["p"] * sum(times), RESAMPLING).value)
    np.testing.assert_allclose((estimate.low, estimate.high), np.percentile(areas, [2.5, 97.5]))


def test_a_constant_score_separates_nothing():
    assert auroc(np.zeros(10), np.arange(10) < 3, ["p"] * 10, RESAMPLING).value == 0.5


def test_infinite_scores_rank_last_and_first():
    assert auroc([-np.inf, 0.0, np.inf], [False, False, True], ["p"] * 3, RESAMPLING).value == 1.0


def test_without_a_positive_item_there_is_no_area():
    assert np.isnan(auroc([1.0, 2.0], [False, False], ["a", "b"], RESAMPLING).value)
    assert np.isnan(auroc([], [], [], RESAMPLING).value)


def test_a_thousand_draws_of_twenty_thousand_clauses_take_a_few_seconds():
    rng = np.random.default_rng(3)
    start = time.process_time()
    places = [f"p{i}" for i in rng.integers(60, size=20_000)]
    auroc(rng.normal(size=20_000), rng.random(20_000) < 0.02, places, Resampling(1000, 0))
    assert time.process_time() - start < 6
