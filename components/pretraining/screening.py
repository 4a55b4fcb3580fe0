"""SCIO's screen: how suspicious each clause of each caption is, and what the network would say in its place.

Legend of shape suffixes: N captions, K clauses, W words of a value, C candidates of a field, F families.
"""

from dataclasses import dataclass

import torch

from components.networks.channels import normalise
from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, CLAUSES, Captions, CaptionTable
from components.pretraining.samples import Samples
from components.pretraining.stage import Judges
from components.training.processes import processes_here
from components.training.resuming import UNGUARDED, Unguarded

SCREENING_BATCH = 64
MAD_TO_SIGMA = 1.4826  # of a normal distribution
LEAST_CAPTIONS_OF_A_VALUE = 20  # below, its captions may well be the wrong ones


@dataclass(frozen=True)
class Evidence:
    """What the judges say about every clause, each (N, K); NaN where there is none.

    Attributes:
        present: mean log-probability of the present value's words, the clause masked [nat].
        other: the same of the likeliest other value of the field.
        best: index of that other value.
        gains: by leave-one-out judge (itc, itm), how much better the caption is without the clause.
    """

    present: torch.Tensor
    other: torch.Tensor
    best: torch.Tensor
    gains: dict[str, torch.Tensor]


@dataclass(frozen=True)
class Scale:
    """What the judges say of the corpus at large, by family and clause (F, K); it makes single clauses comparable.

    What leaving a clause out does depends on its field and length, so those gains are centred and scaled (section 9,
    row 13). The masked-word margin stays in nats: it compares values of one field, and centring it made a clause of a
    field that the network cannot see as suspicious as one that it is sure of (clause AUROC .945 without, .907 with;
    2,560 simulated chips, 10 % of captions with one wrong clause). Only where most captions of a value would lose it,
    their median margin is taken off (`unlearned`, (F, K, C)): then the network has not learned the value, and what
    proofreading left out and reconstruction rewrote, no later step could teach it any more.
    """

    unlearned: torch.Tensor
    median: dict[str, torch.Tensor]
    spread: dict[str, torch.Tensor]

    def margin(self, evidence: Evidence, captions: Captions) -> torch.Tensor:
        """Log-probability of the best other value over the present one [nat], (N, K); negative = the present wins."""
        own = captions.values.clamp(min=0)[..., None]
        unlearned = self.unlearned[captions.family].gather(2, own)[..., 0]
        return evidence.other - evidence.present - unlearned

    def suspicion(self, evidence: Evidence, captions: Captions, judges: Judges) -> torch.Tensor:
        """Weighted sum of what the judges say, (N, K); -inf where there is no clause."""
        total = judges.mlm * self.margin(evidence, captions)
        for judge, gains in evidence.gains.items():
            median, spread = (x[judge][captions.family] for x in (self.median, self.spread))
            total = total + getattr(judges, judge) * (gains - median) / spread
        return torch.where(captions.values == ABSENT, -torch.inf, total)


@torch.no_grad()
def collect_evidence(
    klip: Klip, samples: Samples, table: CaptionTable, judges: Judges, guard: Unguarded = UNGUARDED
) -> Evidence:
    """Ask the judges about every clause of every caption.

    Args:
        klip: in evaluation mode.
        samples: the chips and what is said of them now.
        table: the closed lists.
        judges: which of them to ask; masked words are always scored.
        guard: asked before each batch, since screening takes longer than the grace of a machine that is taken away.
    """
    parts: list[Evidence] = []
    batches = torch.split(torch.arange(len(samples)), SCREENING_BATCH)
    for rows in processes_here().steps(batches, "screen", len(batches)):
        guard.heed()
        image = encode_planes(klip, samples.planes[rows])
        part = samples.captions.take(rows)
        present, other, best = _masked_words(klip, image, part, table)
        parts.append(Evidence(present, other, best, _left_out(klip, image, part, table, judges)))
    names = parts[0].gains if parts else {}
    return Evidence(
        torch.cat([part.present for part in parts]),
        torch.cat([part.other for part in parts]),
        torch.cat([part.best for part in parts]),
        {name: torch.cat([part.gains[name] for part in parts]) for name in names},
    )


def encode_planes(klip: Klip, planes: torch.Tensor) -> torch.Tensor:
    """Image tokens (N, M, D) of packed chips, on the network's device."""
    return klip.encode_images(normalise(planes.to(klip.word_bias.device)))


def measure_scale(evidence: Evidence, captions: Captions, table: CaptionTable) -> Scale:
    """Median and MAD (as a standard deviation) of each judge's gains by field, and which values are unlearned."""
    families = len(table.is_candidate_FKC)
    medians = {judge: torch.zeros(families, CLAUSES) for judge in evidence.gains}
    spreads = {judge: torch.ones(families, CLAUSES) for judge in evidence.gains}
    unlearned = torch.zeros(table.is_candidate_FKC.shape)
    for family, clause in torch.cartesian_prod(torch.arange(families), torch.arange(CLAUSES)).tolist():
        values = captions.values[:, clause]
        there = (captions.family == family) & (values != ABSENT)
        for value in torch.unique(values[there]).tolist():
            same = there & (values == value)
            if int(same.sum()) >= LEAST_CAPTIONS_OF_A_VALUE:
                margin = (evidence.other - evidence.present)[same, clause].median()
                unlearned[family, clause, value] = margin.clamp(min=0)
        for judge, gains in evidence.gains.items():
            if bool(there.any()):
                medians[judge][family, clause], spreads[judge][family, clause] = _median_and_spread(
                    gains[there, clause]
                )
    return Scale(unlearned, medians, spreads)


def _median_and_spread(gains: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    median = gains.median()
    spread = (gains - median).abs().median() * MAD_TO_SIGMA
    # Where more than half of the gains are the same there is no spread; they stand as they are.
    return median, torch.where(spread > 0, spread, 1.0)


def _rows_per_clause(captions: Captions) -> tuple[torch.Tensor, torch.Tensor]:
    """Caption and clause of every clause that is there."""
    caption, clause = (captions.values != ABSENT).nonzero(as_tuple=True)
    return caption, clause


def _masked_words(
    klip: Klip, image: torch.Tensor, captions: Captions, table: CaptionTable
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probabilities of present and best other value and the latter's index, each clause masked in its turn."""
    caption, clause = _rows_per_clause(captions)
    rows = captions.take(caption)
    masked = torch.nn.functional.one_hot(clause, CLAUSES).bool()
    ids = table.ids(rows, masked).to(image.device)
    fused = klip.fuse(klip.encode_texts(ids), ids, image[caption.to(image.device)])
    columns = table.columns_FKW[rows.family, clause]
    # What no value of the field fills is read at the last column and left out of the sum.
    read = columns.clamp(max=table.length - 1)[..., None].expand(-1, -1, fused.shape[-1])
    words = torch.log_softmax(klip.word_logits(fused.gather(1, read.to(image.device))).float(), dim=-1).cpu()
    candidates = table.candidates_FKCW[rows.family, clause]
    scores = words.gather(2, candidates.transpose(1, 2)).transpose(1, 2)
    is_read = (columns != table.length)[:, None, :]
    # Mean over the span: its words are filled side by side and repeat each other's evidence, which a sum would double.
    scores = scores.masked_fill(~is_read, 0.0).sum(dim=-1) / is_read.sum(dim=-1)
    scores = scores.masked_fill(~table.is_candidate_FKC[rows.family, clause], -torch.inf)
    own = rows.values.gather(1, clause[:, None])
    present = scores.gather(1, own)[:, 0]
    other, best = scores.scatter(1, own, -torch.inf).max(dim=1)
    shape = captions.values.shape
    result = [torch.full(shape, torch.nan), torch.full(shape, torch.nan), torch.full(shape, ABSENT)]
    for target, value in zip(result, (present, other, best), strict=True):
        target[caption, clause] = value
    return result[0], result[1], result[2]


def _left_out(
    klip: Klip, image: torch.Tensor, captions: Captions, table: CaptionTable, judges: Judges
) -> dict[str, torch.Tensor]:
    """Gains of the whole-caption judges without a clause: plain cosine and probability (section 9, rows 2, 3)."""
    if judges.itc == 0 and judges.itm == 0:
        return {}
    caption, clause = _rows_per_clause(captions)
    without = captions.take(caption).with_values(clause, torch.full_like(clause, ABSENT))
    whole = judge_captions(klip, image, captions, table, with_match=judges.itm > 0)
    less = judge_captions(klip, image[caption.to(image.device)], without, table, with_match=judges.itm > 0)
    gains: dict[str, torch.Tensor] = {}
    for judge in (name for name in ("itc", "itm") if getattr(judges, name) > 0):
        gains[judge] = torch.full(captions.values.shape, torch.nan)
        gains[judge][caption, clause] = less[judge] - whole[judge][caption]
    return gains


@torch.no_grad()
def judge_captions(
    klip: Klip, image: torch.Tensor, captions: Captions, table: CaptionTable, with_match: bool
) -> dict[str, torch.Tensor]:
    """How well whole captions suit their images: `itc` cosine and, `with_match`, `itm` probability; (N,) on the CPU."""
    ids = table.ids(captions).to(image.device)
    text = klip.encode_texts(ids)
    scores = {"itc": (klip.project_images(image) * klip.project_texts(text)).sum(dim=-1).float().cpu()}
    if with_match:
        scores["itm"] = torch.softmax(klip.match_logits(klip.fuse(text, ids, image)).float(), dim=-1)[:, 1].cpu()
    return scores
