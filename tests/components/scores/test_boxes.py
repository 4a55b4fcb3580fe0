import numpy as np
import pytest

from components.scores.boxes import Box, match, overlaps


def test_overlap_is_the_common_area_over_the_united_one():
    table = overlaps([Box("ship", (0, 0, 4, 4))], [Box("ship", (2, 0, 6, 4)), Box("ship", (9, 9, 10, 10))])
    np.testing.assert_allclose(table, [[8 / 24, 0.0]])


def test_boxes_of_another_label_never_match():
    assert match([Box("ship", (0, 0, 4, 4))], [Box("plane", (0, 0, 4, 4))], 0.25).matched == 0


def test_each_box_is_matched_once_and_the_best_pair_first():
    true = [Box("ship", (0, 0, 10, 10)), Box("ship", (5, 0, 15, 10))]
    answered = [Box("ship", (4, 0, 14, 10)), Box("ship", (4, 0, 14, 10))]
    assert match(answered, true, 0.25).matched == 2
    assert match(answered, true[1:], 0.25).matched == 1
    assert match(answered, true[1:], 0.25).f1 == pytest.approx(2 / 3)


def test_nothing_answered_where_nothing_is_scores_one():
    assert match([], [], 0.25).f1 == 1.0
    assert match([], [Box("ship", (0, 0, 1, 1))], 0.25).f1 == 0.0
