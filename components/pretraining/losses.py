"""KLIP's three losses: image-text contrast, image-text matching, filling of masked values.

Each process of a training computes its share of each loss; the mean over the processes is the loss of the whole batch.
Legend of shape suffixes: B pairs of a batch, E embedding, K clauses, W words of a value.
"""
# ruff: noqa: N803, N806 (shape suffixes are capitals)

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, Captions, CaptionTable
from components.training.processes import Processes

# Added to every weight, so that a batch whose similarities are all extreme can still be drawn from (papers: section 5).
LEAST_WEIGHT = 1e-4


@dataclass(frozen=True)
class Batch:
    """B chips with what each loss is to read of their captions; all tensors on one device.

    Attributes:
        chips: normalised chips (., 3, H, W) of this process's share of the batch.
        ids: token ids of all B captions.
        masked_ids: token ids of the share's captions with values masked.
        swapped_ids: the share of the first captions, as many as matching is to learn from, with one clause made wrong.
        labels: word ids under the masks, in the order of `masked_ids`' columns; IGNORED elsewhere.
        equal: (B, B) True where two captions say the same.
        pairs: how many first captions of the whole batch matching learns from, at most B.
    """

    chips: torch.Tensor
    ids: torch.Tensor
    masked_ids: torch.Tensor
    swapped_ids: torch.Tensor
    labels: torch.Tensor
    equal: torch.Tensor
    pairs: int


IGNORED = -100


WHOLE = slice(None)


def contrast_loss(
    images_BE: torch.Tensor,
    texts_BE: torch.Tensor,
    equal_BB: torch.Tensor,
    temperature: torch.Tensor,
    share: slice = WHOLE,
) -> torch.Tensor:
    """Image-text contrast, the mean of both directions [nat]; equal captions share the target's mass.

    Args:
        images_BE: unit vectors of images.
        texts_BE: unit vectors of their captions, in the same order.
        equal_BB: True where two captions say the same, the diagonal included.
        temperature: divides the cosines.
        share: rows that the mean is taken over, each against all columns.
    """
    similarity = images_BE @ texts_BE.T / temperature
    # `equal` is symmetric, so both directions have the same target.
    target = (equal_BB.float() / equal_BB.sum(dim=1, keepdim=True))[share]
    return (F.cross_entropy(similarity[share], target) + F.cross_entropy(similarity.T[share], target)) / 2


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


class ThreeLosses(nn.Module):
    """The losses `itc`, `itm` and `mlm` [nat] of a batch; each tower reads each row once, in one of the processes.

    Sources: contrast with soft targets, hard negatives and matching as in ALBEF and BLIP (papers: section 5); vectors
    and tokens are gathered from all processes with their gradients, so that negatives come from the whole batch.
    """

    def __init__(self, klip: Klip, processes: Processes) -> None:
        super().__init__()
        self.klip, self.processes = klip, processes

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """This process's share of the three losses, scalars with gradients."""
        klip, gather, share = self.klip, self.processes.gather, self.processes.share
        device, size, mine = batch.ids.device, len(batch.ids), len(batch.chips)
        image = klip.encode_images(batch.chips)
        ids = torch.cat([batch.ids[share], batch.swapped_ids, batch.masked_ids])
        text = klip.encode_texts(ids)
        images, texts = gather(klip.project_images(image)), gather(klip.project_texts(text[:mine]))
        similarity = images @ texts.T / klip.temperature
        # Drawn for the whole batch in every process: their generators stay in step.
        other_text, other_image = (
            draw_negatives(scores, batch.equal, generator)[: batch.pairs][share]
            for scores in (similarity, similarity.T)
        )
        own, every = torch.arange(batch.pairs, device=device)[share], torch.arange(size, device=device)[share]
        pairs, first = len(own), torch.arange(mine + len(own), device=device) + size
        # Texts of the whole batch, then those that only this process reads: swapped, masked.
        all_text, all_ids = torch.cat([gather(text[:mine]), text[mine:]]), torch.cat([batch.ids, ids[mine:]])
        # Rows of the fusion: true pairs, hard texts, hard images, one clause swapped; then the masked captions.
        text_rows = torch.cat([own, other_text, own, first])
        image_rows = torch.cat([own, own, other_image, own, every])
        fused = klip.fuse(all_text[text_rows], all_ids[text_rows], gather(image)[image_rows])
        matches = (torch.arange(4 * pairs, device=device) < pairs).long()
        return {
            "itc": contrast_loss(images, texts, batch.equal, klip.temperature, share),
            "itm": F.cross_entropy(klip.match_logits(fused[: 4 * pairs]), matches),
            "mlm": self._filling(fused[4 * pairs :], batch.labels),
        }

    def _filling(self, fused: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        is_masked = labels != IGNORED
        loss = F.cross_entropy(self.klip.word_logits(fused[is_masked]), labels[is_masked])
        # The processes have masked different numbers of words: each weighs by its own.
        masked = is_masked.sum().float()
        return loss * (self.processes.count * masked / self.processes.total(masked))
