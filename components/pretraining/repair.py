"""SCIO's fill and gate: a suspect clause is rewritten only when the evidence for another value is strong.

Legend of shape suffixes: N captions, K clauses, F families.
"""

from dataclasses import dataclass

import torch

from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, CLAUSES, Captions, CaptionTable
from components.pretraining.samples import Samples
from components.pretraining.screening import (
    SCREENING_BATCH,
    Evidence,
    collect_evidence,
    encode_planes,
    judge_captions,
    measure_scale,
)
from components.pretraining.stage import ScioConfig
from components.records.families import FAMILIES
from components.training.resuming import UNGUARDED, Unguarded


@dataclass
class Repair:
    """What has become of every clause so far, each (N, K) but `suspect`, (N,).

    Attributes:
        captions: the captions after all accepted rewrites.
        suspicion: of the first round; -inf where there is no clause.
        suspect: the most suspicious open clause of the first round; ABSENT = none.
        before, after: log-probability of the original and of the final value when they were judged [nat].
        rewritten_in: round of the accepted rewrite, int8; 0 = never.
        rejected: True where the gate refused a rewrite.
    """

    captions: Captions
    suspicion: torch.Tensor
    suspect: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor
    rewritten_in: torch.Tensor
    rejected: torch.Tensor


class Proofreader:
    """Screens, fills and gates the captions of one set of samples with one network."""

    def __init__(self, klip: Klip, samples: Samples, table: CaptionTable, scio: ScioConfig) -> None:
        self.klip, self.samples, self.table, self.scio = klip, samples, table, scio
        self._open_FK, self._margin_FK = _field_rules(scio)

    def repair(self, rounds: int, guard: Unguarded = UNGUARDED) -> Repair:
        """Screen all captions, rewrite the worst clause of each where the gate lets it; then those rewritten, again.

        Args:
            rounds: at most so many rewrites of one caption; 0 screens only.
            guard: may stop it; nothing that was read before is changed.
        """
        original = self.samples.captions
        evidence = collect_evidence(self.klip, self.samples, self.table, self.scio.judges, guard)
        scale = measure_scale(evidence, original, self.table)
        suspicion = scale.suspicion(evidence, original, self.scio.judges)
        margin = scale.margin(evidence, original)
        nothing = torch.zeros(original.values.shape, dtype=torch.int8)
        result = Repair(
            captions=original,
            suspicion=suspicion,
            suspect=self._suspects(original, margin, suspicion),
            before=evidence.present,
            after=evidence.present.clone(),
            rewritten_in=nothing,
            rejected=nothing.bool(),
        )
        rows, suspects = torch.arange(len(self.samples)), result.suspect
        for number in range(1, rounds + 1):
            rows = self._rewrite(result, (rows, suspects), evidence, margin, number)
            if number == rounds or len(rows) == 0:
                break
            some = self.samples.take(rows, result.captions.take(rows))
            evidence = collect_evidence(self.klip, some, self.table, self.scio.judges, guard)
            suspicion = scale.suspicion(evidence, some.captions, self.scio.judges)
            margin = scale.margin(evidence, some.captions)
            # What was rewritten once stays: no caption is argued back and forth.
            suspicion = suspicion.masked_fill(result.rewritten_in[rows] > 0, -torch.inf)
            suspects = self._suspects(some.captions, margin, suspicion)
        return result

    def _suspects(self, captions: Captions, margin: torch.Tensor, suspicion: torch.Tensor) -> torch.Tensor:
        """The clause to doubt in each caption, or ABSENT; a caption's only clause is never doubted."""
        closed = ~self._open_FK[captions.family] | ((captions.values != ABSENT).sum(dim=1, keepdim=True) < 2)
        worst = suspicion.masked_fill(closed | ~(margin > 0), -torch.inf).max(dim=1)
        return torch.where(worst.values > self.scio.least_suspicion, worst.indices, ABSENT)

    def _rewrite(
        self,
        result: Repair,
        doubted: tuple[torch.Tensor, torch.Tensor],
        evidence: Evidence,
        margin: torch.Tensor,
        number: int,
    ) -> torch.Tensor:
        """Put the best other value in the place of each suspect clause that passes the gate; gives the rows changed."""
        rows, suspects = doubted
        inside = (suspects != ABSENT).nonzero()[:, 0]
        rows, clause = rows[inside], suspects[inside]
        value = evidence.best[inside, clause]
        before = result.captions.take(rows)
        after = before.with_values(clause, value)
        passes = (margin[inside, clause] >= self._margin_FK[before.family, clause]) & self._better(rows, before, after)
        result.rejected[rows[~passes], clause[~passes]] = True
        rows, clause, value, inside = rows[passes], clause[passes], value[passes], inside[passes]
        values = result.captions.values.clone()
        values[rows, clause] = value
        result.captions = Captions(result.captions.family, values)
        result.after[rows, clause] = evidence.other[inside, clause]
        result.rewritten_in[rows, clause] = number
        return rows

    def _better(self, rows: torch.Tensor, before: Captions, after: Captions) -> torch.Tensor:
        """True where the whole-caption judges that the gate asks find the rewrite good enough."""
        better = torch.ones(len(rows), dtype=torch.bool)
        wanted = {"itc": self.scio.least_itc_gain, "itm": self.scio.least_itm_gain}
        asked = {judge: gain for judge, gain in wanted.items() if gain is not None}
        if not asked:
            return better
        for part in torch.split(torch.arange(len(rows)), SCREENING_BATCH):
            image = encode_planes(self.klip, self.samples.planes[rows[part]])
            old, new = (
                judge_captions(self.klip, image, captions.take(part), self.table, "itm" in asked)
                for captions in (before, after)
            )
            for judge, gain in asked.items():
                better[part] &= new[judge] - old[judge] >= gain
        return better


def without_suspects(captions: Captions, repaired: Repair) -> Captions:
    """The captions with each one's suspect clause left out."""
    clause = repaired.suspect.clamp(min=0)
    own = captions.values.gather(1, clause[:, None])[:, 0]
    return captions.with_values(clause, torch.where(repaired.suspect == ABSENT, own, ABSENT))


def _field_rules(scio: ScioConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """By family and clause: True where a field may be rewritten, and the margin that its gate asks [nat]."""
    is_open = torch.ones(len(FAMILIES), CLAUSES, dtype=torch.bool)
    margin = torch.full((len(FAMILIES), CLAUSES), scio.gate_margin)
    for f, family in enumerate(FAMILIES):
        for k, field in enumerate(family.fields):
            is_open[f, k] = field.name not in scio.protected_fields
            margin[f, k] = scio.gate_margin_of_field.get(field.name, scio.gate_margin)
    return is_open, margin
