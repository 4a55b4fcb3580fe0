import math

import pytest
import torch
from torch.nn import functional as F

from components.pretraining.losses import contrast_loss, draw_negatives


def plain_contrast(images, texts, captions, temperature) -> float:
    """The loss by loops, straight from its definition."""
    total = 0.0
    for queries, keys in ((images, texts), (texts, images)):
        for i, query in enumerate(queries):
            scores = [sum(a * b for a, b in zip(query, key, strict=True)) / temperature for key in keys]
            log_sum = math.log(sum(math.exp(score) for score in scores))
            same = [j for j in range(len(keys)) if captions[j] == captions[i]]
            total -= sum((scores[j] - log_sum) / len(same) for j in same) / len(images)
    return total / 2


def test_contrast_equals_a_plain_reference_and_shares_the_mass_of_equal_captions():
    generator = torch.Generator().manual_seed(5)
    images, texts = (F.normalize(torch.randn(6, 4, generator=generator), dim=-1) for _ in range(2))
    captions = [0, 1, 0, 2, 1, 0]
    codes = torch.tensor(captions)
    found = contrast_loss(images, texts, codes[:, None] == codes[None], torch.tensor(0.1))
    expected = plain_contrast(images.tolist(), texts.tolist(), captions, 0.1)
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_without_equal_captions_contrast_is_the_mean_of_two_cross_entropies():
    images, texts = (F.normalize(torch.randn(5, 3), dim=-1) for _ in range(2))
    similarity, own = images @ texts.T / 0.07, torch.arange(5)
    expected = (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2
    found = contrast_loss(images, texts, torch.eye(5, dtype=torch.bool), torch.tensor(0.07))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_negatives_never_say_the_same_and_favour_the_alike():
    generator = torch.Generator().manual_seed(0)
    equal = torch.eye(4, dtype=torch.bool)
    equal[0, 1] = equal[1, 0] = True
    similarity = torch.zeros(4, 4)
    similarity[:, 3] = 5.0
    drawn = torch.stack([draw_negatives(similarity, equal, generator) for _ in range(200)])
    for row in range(4):
        assert not bool(equal[row][drawn[:, row]].any())
    assert float((drawn[:, 0] == 3).float().mean()) > 0.9


def test_where_all_captions_are_equal_a_negative_is_still_another_row():
    drawn = draw_negatives(torch.zeros(3, 3), torch.ones(3, 3, dtype=torch.bool), torch.Generator().manual_seed(0))
    assert all(index != row for row, index in enumerate(drawn.tolist()))
