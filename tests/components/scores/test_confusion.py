import numpy as np
import pytest

from components.scores.confusion import OTHER, confusion, macro_f1


def test_answers_that_are_never_true_share_one_label():
    labels, counts = confusion(["a", "b", "b"], ["a", "zebra", "a"])
    assert labels == ["a", "b", OTHER]
    np.testing.assert_array_equal(counts, [[1, 0, 0], [1, 0, 1], [0, 0, 0]])


def test_macro_f1_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    truths, answers = rng.choice(list("abcd"), 300).tolist(), rng.choice(list("abcd"), 300).tolist()
    labels, counts = confusion(truths, answers)
    assert macro_f1(counts, 4) == pytest.approx(metrics.f1_score(truths, answers, average="macro", labels=labels))
