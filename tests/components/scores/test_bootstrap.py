import time

import numpy as np
import pytest

from components.scores.bootstrap import Resampling, difference, mean, ratio

RESAMPLING = Resampling(draws=1000, seed=5)


def test_the_interval_of_a_mean_agrees_with_the_normal_one_of_place_means():
    rng = np.random.default_rng(0)
    places = np.repeat([f"p{i}" for i in range(200)], 10)
    values = np.repeat(rng.normal(3, 1, 200), 10)
    estimate = mean(values, places, RESAMPLING)
    error = values[::10].std() / np.sqrt(200)
    assert estimate.value == pytest.approx(values.mean())
    assert (estimate.n, estimate.places) == (2000, 200)
    assert estimate.low == pytest.approx(estimate.value - 1.96 * error, abs=0.15 * error)
    assert estimate.high == pytest.approx(estimate.value + 1.96 * error, abs=0.15 * error)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    places = [f"p{i}" for i in range(40) for _ in range(8)]
    covered = 0
    for trial in range(200):
        share = np.repeat(rng.beta(2, 2, 40), 8)  # chips of one place are alike; the true mean is one half
        estimate = mean(rng.random(320) < share, places, Resampling(300, trial))
        covered += estimate.low <= 0.5 <= estimate.high
    assert 0.90 <= covered / 200 <= 0.98


def test_alike_chips_make_the_interval_wider_than_independent_ones():
    values = np.repeat(np.arange(50) % 2, 10)
    together = mean(values, [f"p{i // 10}" for i in range(500)], RESAMPLING)
    apart = mean(values, [f"p{i}" for i in range(500)], RESAMPLING)
    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_the_difference_of_equal_answers_is_exactly_zero():
    values = np.random.default_rng(2).random(100)
    estimate = difference(values, values, [f"p{i % 9}" for i in range(100)], RESAMPLING)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_a_ratio_weighs_items_by_their_denominators():
    estimate = ratio([2, 0], [2, 8], ["a", "b"], RESAMPLING)
    assert estimate.value == pytest.approx(0.2)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_one_place_has_a_value_but_no_interval():
    estimate = mean([1.0, 0.0], ["a", "a"], RESAMPLING)
    assert estimate.value == 0.5
    assert np.isnan(estimate.low) and np.isnan(estimate.high)


def test_nothing_has_no_value():
    assert np.isnan(mean([], [], RESAMPLING).value)


def test_the_seed_alone_decides_the_interval():
    values, places = np.random.default_rng(3).random(90), [f"p{i % 9}" for i in range(90)]
    assert mean(values, places, RESAMPLING) == mean(values, places, RESAMPLING)
    assert mean(values, places, RESAMPLING) != mean(values, places, Resampling(1000, 6))


def test_a_thousand_draws_of_ten_thousand_items_take_under_two_seconds():
    rng = np.random.default_rng(4)
    start = time.process_time()
    mean(rng.random(10_000), [f"p{i}" for i in rng.integers(500, size=10_000)], RESAMPLING)
    assert time.process_time() - start < 2
