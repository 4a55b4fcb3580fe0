import math

import numpy as np
import pytest

from components.scores.retrieval import chance_at_k, hits_at_k


def test_equal_texts_are_hits():
    similarity = np.array([[0.9, 0.1, 0.8], [0.2, 0.3, 0.1], [0.9, 0.1, 0.8]])
    texts = ["sea", "wood", "sea"]
    assert hits_at_k(similarity, texts, texts, 1).tolist() == [True, True, True]
    assert hits_at_k(similarity, ["sea", "wood", "town"], ["sea", "wood", "town"], 1).tolist() == [True, True, False]


def test_a_model_that_gives_everything_one_vector_finds_nothing():
    texts = [str(i) for i in range(20)]
    assert not hits_at_k(np.zeros((20, 20)), texts, texts, 5).any()


def test_a_random_ranking_hits_as_often_as_chance_says():
    rng = np.random.default_rng(0)
    texts = [str(i // 3) for i in range(60)]
    hits = np.mean([hits_at_k(rng.random((60, 60)), texts, texts, 5).mean() for _ in range(300)])
    assert hits == pytest.approx(chance_at_k(texts, texts, 5).mean(), abs=0.01)


def test_chance_agrees_with_counting_the_lists():
    texts = ["a", "a", "a", "b", "c", "d", "e"]
    expected = [1 - math.comb(7 - m, 2) / math.comb(7, 2) for m in (3, 3, 3, 1, 1, 1, 1)]
    np.testing.assert_allclose(chance_at_k(texts, texts, 2), expected)
    np.testing.assert_allclose(chance_at_k(texts, texts, 7), 1.0)
