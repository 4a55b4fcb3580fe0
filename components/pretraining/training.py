"""KLIP's training: three equal phases over batches of chips and captions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from components.contract.progress import progress
from components.networks.channels import normalise
from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, Captions, CaptionTable
from components.pretraining.errors import CaptionTooLong, Diverged, TooFewChips
from components.pretraining.losses import Batch, choose_masks, masked_labels, swap_one_clause, three_losses
from components.pretraining.repair import Proofreader, Repair, without_suspects
from components.pretraining.samples import Samples
from components.pretraining.stage import PretrainingConfig

PHASES = ("learn", "proofread", "reconstruct")
# A value that no caption of the training set says is drawn as a wrong one only where the field offers nothing else.
UNSEEN = 1e-6


@dataclass
class Curve:
    """What was measured at every step: rows of the schema CURVE."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, step: int, phase: str, values: dict[str, float]) -> None:
        """Note one step's values by name."""
        self.rows += [{"step": step, "phase": phase, "name": name, "value": value} for name, value in values.items()]

    def last(self, name: str, count: int) -> float:
        """Mean of the newest `count` values of a name."""
        values = [float(str(row["value"])) for row in self.rows if row["name"] == name][-count:]
        return sum(values) / len(values)


def phase_at(step: int, steps: int) -> str:
    """Phase of a step, counted from 0: each third of the training is one (papers: section 6)."""
    return PHASES[len(PHASES) * step // steps]


class Trainer:
    """Trains a network on the samples; what it reads of each caption follows the phase.

    Raises:
        TooFewChips: there is not one batch of samples.
        CaptionTooLong: the text encoder cannot read the longest caption.
    """

    def __init__(self, klip: Klip, samples: Samples, table: CaptionTable, config: PretrainingConfig) -> None:
        self.klip, self.samples, self.table, self.config = klip, samples, table, config.training
        if len(samples) < self.config.batch_size:
            raise TooFewChips(len(samples), self.config.batch_size)
        if table.length > config.text.max_length:
            raise CaptionTooLong(table.length, config.text.max_length)
        self.proofreader = Proofreader(klip, samples, table, config.scio)
        self.curve = Curve()
        self.device = klip.word_bias.device
        self._generator = torch.Generator().manual_seed(config.seed)
        self._shares = _value_shares(samples.captions, table)
        self._optimiser = torch.optim.AdamW(_decayed_apart(klip, self.config.weight_decay), betas=(0.9, 0.98))

    def run(self) -> None:
        """Take all steps.

        Raises:
            Diverged: a loss is not finite.
        """
        steps = self.config.steps
        captions = self.samples.captions
        batches = self._batches()
        for step in progress(range(steps), "pretrain", steps, self._note):
            phase = phase_at(step, steps)
            since = step - PHASES.index(phase) * steps // len(PHASES)
            if phase != "learn" and since % self.config.screen_every == 0:
                captions = self._read_again(phase)
            rows = next(batches)
            self._step(step, phase, rows, captions.take(rows))

    def _note(self) -> str:
        newest = {row["name"]: row["value"] for row in self.curve.rows[-4:]}
        return " ".join(f"{name} {value:.3f}" for name, value in newest.items() if name != "learning_rate")

    def _read_again(self, phase: str) -> Captions:
        """What the next steps read: captions without their suspects, or with the rewrites that the gate let through."""
        self.klip.eval()
        rounds = 1 if phase == "reconstruct" else 0
        repaired: Repair = self.proofreader.repair(rounds)
        self.klip.train()
        return repaired.captions if rounds else without_suspects(self.samples.captions, repaired)

    def _batches(self) -> Iterator[torch.Tensor]:
        """Rows of each step's batch: one shuffled pass over the samples after the other, what is left over dropped."""
        while True:
            order = torch.randperm(len(self.samples), generator=self._generator)
            yield from (
                part for part in torch.split(order, self.config.batch_size) if len(part) == self.config.batch_size
            )

    def _step(self, step: int, phase: str, rows: torch.Tensor, captions: Captions) -> None:
        rate = self._rate(step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = self._batch(rows, captions)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            losses = three_losses(self.klip, batch, self._generator)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        for name, value in values.items():
            if not abs(value) < float("inf"):
                raise Diverged(step, name)
        self._optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_(self.klip.parameters(), self.config.gradient_norm)
        self._optimiser.step()
        self.klip.clamp_temperature()
        self.curve.add(step, phase, values | {"learning_rate": rate})

    def _rate(self, step: int) -> float:
        peak, warmup = self.config.learning_rate, self.config.warmup_steps
        if step < warmup:
            return peak * (step + 1) / warmup
        done = (step - warmup) / max(1, self.config.steps - warmup)
        return peak * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * done))))

    def _batch(self, rows: torch.Tensor, captions: Captions) -> Batch:
        masked = choose_masks(captions, self.config.mask_share, self._generator)
        some = captions.take(torch.arange(min(self.config.matching_pairs, len(captions))))
        swapped = swap_one_clause(some, self._shares, self._generator)
        return Batch(
            chips=normalise(self.samples.planes[rows].to(self.device)),
            ids=self.table.ids(captions).to(self.device),
            masked_ids=self.table.ids(captions, masked).to(self.device),
            swapped_ids=self.table.ids(swapped).to(self.device),
            labels=masked_labels(captions, masked, self.table).to(self.device),
            equal=captions.equal().to(self.device),
        )


def _value_shares(captions: Captions, table: CaptionTable) -> torch.Tensor:
    """Weight of each value as a wrong one, (F, K, C): how often the training set says it."""
    shares = table.is_candidate_FKC.float() * UNSEEN
    caption, clause = (captions.values != ABSENT).nonzero(as_tuple=True)
    index = (captions.family[caption], clause, captions.values[caption, clause])
    return shares.index_put(index, torch.ones(len(caption)), accumulate=True)


def _decayed_apart(klip: Klip, weight_decay: float) -> list[dict[str, object]]:
    """Parameters in two groups: matrices decay; biases, norms and the temperature do not."""
    matrices = [weight for weight in klip.parameters() if weight.ndim >= 2]
    others = [weight for weight in klip.parameters() if weight.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
