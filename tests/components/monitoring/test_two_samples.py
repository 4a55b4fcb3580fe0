"""Tests whose units are scenes: what they find, what they do not, and that they repeat themselves."""

import numpy as np
import pytest

from components.monitoring.two_samples import Exchanges, Stratum, counts_test, mmd_test, shape_test, shift_test

EXCHANGES = Exchanges(count=499, seed=3)


def stratum(old: np.ndarray, new: np.ndarray) -> Stratum:
    return Stratum(np.concatenate([old, new]), np.repeat([False, True], [len(old), len(new)]))


def test_a_shifted_mean_of_embeddings_is_found_and_the_answer_repeats() -> None:
    rng = np.random.default_rng(1)
    strata = [stratum(rng.normal(0, 1, (20, 8)), rng.normal(1.5, 1, (6, 8)))]
    found = mmd_test(strata, EXCHANGES)
    assert found == 1 / 500 == mmd_test(strata, EXCHANGES)


def test_another_mix_of_sensors_is_no_drift_where_sensors_are_strata() -> None:
    rng = np.random.default_rng(2)
    near, far = rng.normal(0, 1, (24, 4)), rng.normal(9, 1, (24, 4))
    mixed = [stratum(np.concatenate([near[:20], far[:4]]), np.concatenate([near[20:], far[4:]]))]
    assert mmd_test(mixed, EXCHANGES) < 0.01
    assert mmd_test([stratum(near[:20], near[20:]), stratum(far[:4], far[4:])], EXCHANGES) > 0.05


def test_p_values_of_equal_distributions_are_spread_over_all_of_0_to_1() -> None:
    rng = np.random.default_rng(4)
    drawn = [
        mmd_test([stratum(rng.normal(size=(12, 3)), rng.normal(size=(4, 3)))], Exchanges(99, number))
        for number in range(200)
    ]
    # 200 draws at 5 %: 10 expected, 19 is beyond three standard deviations.
    assert sum(p <= 0.05 for p in drawn) <= 19 and np.mean(drawn) == pytest.approx(0.5, abs=0.07)


def test_chips_of_one_scene_count_once() -> None:
    """Eight scenes of 100 chips, each scene of one answer: by chips a certainty, by scenes nothing."""
    old = np.array([[100, 0], [0, 100], [100, 0], [0, 100], [100, 0], [0, 100]], float)
    new = np.array([[100, 0], [100, 0]], float)
    assert counts_test([stratum(old, new)], EXCHANGES) > 0.1
    many = np.tile([[100.0, 0.0]], (12, 1))
    assert counts_test([stratum(np.tile(old, (2, 1)), many)], EXCHANGES) < 0.05


def test_rank_tests_tell_a_shift_from_a_spread() -> None:
    rng = np.random.default_rng(5)
    old = rng.normal(0, 1, 60)
    assert shift_test(old, rng.normal(1.5, 1, 12)) < 0.01
    wide = np.concatenate([np.linspace(-9, -6, 10), np.linspace(6, 9, 10)])
    assert shape_test(old, wide) < 0.01 < shift_test(old, wide)
