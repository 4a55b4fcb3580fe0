"""KLIP's three losses: image-text contrast, image-text matching, filling of masked values.

Legend of shape suffixes: B pairs of a batch, E embedding, K clauses, W words of a value.
"""
# ruff: noqa: N803, N806 (shape suffixes are capitals)

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, Captions, CaptionTable

# Added to every weight, so that a batch whose similarities are all extreme can still be drawn from (papers: section 5).
LEAST_WEIGHT = 1e-4


@dataclass(frozen=True)
class Batch:
    """B chips with what each loss is to read of their captions; all tensors on one device.

    Attributes:
        chips: normalised chips (B, 3, H, W).
        ids: token ids of the captions; `masked_ids` with values masked.
        swapped_ids: the first captions with one clause made wrong; as many as matching is to learn from, at most B.
        labels: word ids under the masks, in the order of `masked_ids`' columns; IGNORED elsewhere.
        equal: (B, B) True where two captions say the same.
    """

    chips: torch.Tensor
    ids: torch.Tensor
    masked_ids: torch.Tensor
    swapped_ids: torch.Tensor
    labels: torch.Tensor
    equal: torch.Tensor


IGNORED = -100


def contrast_loss(
    images_BE: torch.Tensor, texts_BE: torch.Tensor, equal_BB: torch.Tensor, temperature: torch.Tensor
) -> torch.Tensor:
    """Image-text contrast, the mean of both directions [nat]; equal captions share the target's mass.

    Args:
        images_BE: unit vectors of images.
        texts_BE: unit vectors of their captions, in the same order.
        equal_BB: True where two captions say the same, the diagonal included.
        temperature: divides the cosines.
    """
    similarity = images_BE @ texts_BE.T / temperature
    target = equal_BB.float() / equal_BB.sum(dim=1, keepdim=True)
    # `equal` is symmetric, so both directions have the same target.
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2


def draw_negatives(similarity_BB: torch.Tensor, equal_BB: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw for each row the index of a column that is like it, but says something else.

    Args:
        similarity_BB: cosines over temperature.
        equal_BB: True where the column is as good as the row's own; a row whose captions are all equal gets any other.
        generator: on the CPU; the draws are the same on every device.
    """
    weights = torch.softmax(similarity_BB.detach().float().cpu(), dim=1) + LEAST_WEIGHT
    weights = weights.masked_fill(equal_BB.cpu(), 0.0)
    nothing_else = weights.sum(dim=1, keepdim=True) == 0
    weights = torch.where(nothing_else, 1.0 - torch.eye(len(weights)), weights)
    return torch.multinomial(weights, 1, generator=generator)[:, 0].to(similarity_BB.device)


def swap_one_clause(captions: Captions, shares_FKC: torch.Tensor, generator: torch.Generator) -> Captions:
    """Make one clause of each caption wrong: another value of its field, as often as other images have it.

    Whole-caption negatives hardly teach what one wrong clause of eight looks like (papers: section 9, row 12).

    Args:
        captions: the captions of a batch.
        shares_FKC: weight of each value, by family and clause: how often the training set says it, plus a little.
        generator: on the CPU.
    """
    clause = torch.multinomial((captions.values != ABSENT).float(), 1, generator=generator)[:, 0]
    own = captions.values.gather(1, clause[:, None])
    weights = shares_FKC[captions.family, clause].scatter(1, own, 0.0)
    return captions.with_values(clause, torch.multinomial(weights, 1, generator=generator)[:, 0])


def choose_masks(captions: Captions, share: float, generator: torch.Generator) -> torch.Tensor:
    """Choose the clauses whose whole value is masked, (B, K) bool: each with chance `share`, at least one a caption."""
    present = captions.values != ABSENT
    chance = torch.rand(present.shape, generator=generator).masked_fill(~present, 2.0)
    return ((chance < share) | (chance == chance.min(dim=1, keepdim=True).values)) & present


def masked_labels(captions: Captions, masked_BK: torch.Tensor, table: CaptionTable) -> torch.Tensor:
    """Word ids to predict, (B, L): those of masked values, padding after a short one included; IGNORED elsewhere."""
    columns = table.columns_FKW[captions.family].flatten(1)
    masked_BK = masked_BK & (captions.values != ABSENT)
    words = torch.where(masked_BK[..., None], table.values(captions), IGNORED).flatten(1)
    rows = torch.full((len(captions), table.length + 1), IGNORED).scatter(1, columns, words)
    return rows[:, : table.length]


def three_losses(klip: Klip, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """The losses `itc`, `itm` and `mlm` [nat] of a batch, scalars with gradients; each tower reads each row once.

    Sources: contrast with soft targets, hard negatives and matching as in ALBEF and BLIP (papers: section 5).
    """
    size = len(batch.chips)
    image = klip.encode_images(batch.chips)
    ids = torch.cat([batch.ids, batch.swapped_ids, batch.masked_ids])
    text = klip.encode_texts(ids)
    images, texts = klip.project_images(image), klip.project_texts(text[:size])
    similarity = images @ texts.T / klip.temperature
    pairs = len(batch.swapped_ids)
    own, every = torch.arange(pairs, device=ids.device), torch.arange(size, device=ids.device)
    other_text = draw_negatives(similarity, batch.equal, generator)[:pairs]
    other_image = draw_negatives(similarity.T, batch.equal, generator)[:pairs]
    # Rows of the fusion: true pairs, hard texts, hard images, one clause swapped; then the masked captions.
    text_rows = torch.cat([own, other_text, own, own + size, every + size + pairs])
    image_rows = torch.cat([own, own, other_image, own, every])
    fused = klip.fuse(text[text_rows], ids[text_rows], image[image_rows])
    matches = (torch.arange(4 * pairs, device=ids.device) < pairs).long()
    is_masked = batch.labels != IGNORED
    return {
        "itc": contrast_loss(images, texts, batch.equal, klip.temperature),
        "itm": F.cross_entropy(klip.match_logits(fused[: 4 * pairs]), matches),
        "mlm": F.cross_entropy(klip.word_logits(fused[4 * pairs :][is_masked]), batch.labels[is_masked]),
    }
