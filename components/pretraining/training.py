"""KLIP's training: three equal phases over batches of chips and captions."""

from dataclasses import dataclass, field

import torch

from components.networks.channels import normalise
from components.networks.klip import Klip
from components.pretraining.captions import ABSENT, Captions, CaptionTable
from components.pretraining.errors import CaptionTooLong, Diverged, TooFewChips
from components.pretraining.losses import Batch, ThreeLosses, choose_masks, masked_labels, swap_one_clause
from components.pretraining.repair import Proofreader, Repair, without_suspects
from components.pretraining.samples import Samples
from components.pretraining.stage import PretrainingConfig
from components.training.checkpoints import State
from components.training.processes import processes_here
from components.training.resuming import UNGUARDED, Unguarded, learn_again, learned

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


class Order:
    """Rows of each step's batch: one shuffled pass over the samples after the other, what is left over dropped."""

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        self._count, self._size, self._generator = count, size, generator
        self.rows = torch.empty(0, dtype=torch.int64)
        self.place = 0

    def next(self) -> torch.Tensor:
        """Rows of the next batch, shape (size,)."""
        if self.place + self._size > len(self.rows):
            self.rows, self.place = torch.randperm(self._count, generator=self._generator), 0
        self.place += self._size
        return self.rows[self.place - self._size : self.place]


def phase_at(step: int, steps: int) -> str:
    """Phase of a step, counted from 0: each third of the training is one (papers: section 6)."""
    return PHASES[len(PHASES) * step // steps]


class Trainer:
    """Trains a network on the samples; what it reads of each caption follows the phase.

    Raises:
        TooFewChips: there is not one batch of samples.
        CaptionTooLong: the text encoder cannot read the longest caption.
        Indivisible: a batch cannot be shared out evenly among the processes.
    """

    def __init__(self, klip: Klip, samples: Samples, table: CaptionTable, config: PretrainingConfig) -> None:
        self.klip, self.samples, self.table, self.config = klip, samples, table, config.training
        self.processes = processes_here()
        for key in ("batch_size", "matching_pairs"):
            self.processes.refuse_indivisible(f"pretrain.training.{key}", getattr(self.config, key))
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
        self._losses = self.processes.spread(ThreeLosses(klip, self.processes))
        self._order = Order(len(samples), self.config.batch_size, self._generator)
        self._done, self._captions = 0, samples.captions

    def run(self, guard: Unguarded = UNGUARDED) -> None:
        """Take all steps that are left.

        Raises:
            Diverged: a loss is not finite.
        """
        steps = self.config.steps
        for step in self.processes.steps(range(steps), "pretrain", steps, self._note):
            if step < self._done:
                continue
            guard.heed()
            phase = phase_at(step, steps)
            since = step - PHASES.index(phase) * steps // len(PHASES)
            if phase != "learn" and since % self.config.screen_every == 0:
                self._captions = self._read_again(phase, guard)
            rows = self._order.next()
            self._step(step, phase, rows, self._captions.take(rows))
            self._done = step + 1
            guard.passed(self._done)

    def state(self) -> State:
        """Everything that the next steps depend on, between two steps."""
        return {
            "done": self._done,
            "learned": learned(dict(self.klip.named_parameters()), self._optimiser),
            "generator": self._generator.get_state(),
            "order": {"rows": self._order.rows, "place": self._order.place},
            "captions": self._captions.values,
            "curve": self.curve.rows,
        }

    def take_up(self, state: State) -> None:
        """Go on from a state of the same training."""
        learn_again(state["learned"], dict(self.klip.named_parameters()), self._optimiser)
        self._generator.set_state(state["generator"])
        self._order.rows, self._order.place = state["order"]["rows"], state["order"]["place"]
        self._captions = Captions(self.samples.captions.family, state["captions"])
        self.curve.rows = list(state["curve"])
        self._done = state["done"]

    def _note(self) -> str:
        newest = {row["name"]: row["value"] for row in self.curve.rows[-4:]}
        return " ".join(f"{name} {value:.3f}" for name, value in newest.items() if name != "learning_rate")

    def _read_again(self, phase: str, guard: Unguarded) -> Captions:
        """What the next steps read: captions without their suspects, or with the rewrites that the gate let through."""
        self.klip.eval()
        rounds = 1 if phase == "reconstruct" else 0
        repaired: Repair = self.proofreader.repair(rounds, guard)
        self.klip.train()
        return repaired.captions if rounds else without_suspects(self.samples.captions, repaired)

    def _step(self, step: int, phase: str, rows: torch.Tensor, captions: Captions) -> None:
        rate = self._rate(step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = self._batch(rows, captions)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            losses = self._losses(batch, self._generator)
        means = self.processes.total(torch.stack([loss.detach() for loss in losses.values()])) / self.processes.count
        values = dict(zip(losses, means.tolist(), strict=True))
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
        share = self.processes.share
        masked = choose_masks(captions, self.config.mask_share, self._generator)[share]
        pairs = torch.arange(min(self.config.matching_pairs, len(captions)))
        swapped = swap_one_clause(captions.take(pairs), self._shares, self._generator)
        own = captions.take(torch.arange(len(captions))[share])
        return Batch(
            chips=normalise(self.samples.planes[rows[share]].to(self.device)),
            ids=self.table.ids(captions).to(self.device),
            masked_ids=self.table.ids(own, masked).to(self.device),
            swapped_ids=self.table.ids(swapped.take(pairs[share])).to(self.device),
            labels=masked_labels(own, masked, self.table).to(self.device),
            equal=captions.equal().to(self.device),
            pairs=len(pairs),
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
