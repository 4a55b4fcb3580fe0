"""One training loop for both stages: same inputs, same bytes on one CPU."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from components.finetuning.batches import Batches, Lesson, collate
from components.finetuning.conversations import Asker, fixed_items
from components.finetuning.losses import AnswerLoss, answer_loss
from components.finetuning.samples import Samples
from components.finetuning.stage import TrainingConfig
from components.networks.gpt import Gpt
from components.training.checkpoints import State
from components.training.processes import processes_here
from components.training.resuming import UNGUARDED, Unguarded, learn_again, learned

BETAS = (0.9, 0.98)


@dataclass
class Curve:
    """Losses as they came: (step, phase, name, value)."""

    phase: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, step: int, name: str, value: float) -> None:
        """Note one value."""
        self.rows.append({"step": step, "phase": self.phase, "name": name, "value": value})

    def last(self, name: str) -> float:
        """The newest value of a name; NaN where there is none."""
        return next((row["value"] for row in reversed(self.rows) if row["name"] == name), math.nan)


def be_deterministic(seed: int, threads: int) -> None:
    """Fix every source of chance and of order: the same data then give the same bytes on one CPU."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


class Trainer:
    """Trains the parts of a network that the config names.

    Raises:
        NoTrainingData: no chip has anything to learn from.
        TooLong: a chip's row exceeds max_tokens.
        Indivisible: a batch cannot be shared out evenly among the processes.
    """

    def __init__(self, gpt: Gpt, lesson: Lesson, config: TrainingConfig) -> None:
        self.gpt, self.lesson, self.config = gpt, lesson, config
        self.processes = processes_here()
        self.curve = Curve(lesson.stage)
        self._parameters = gpt.train_only(config.trained)
        self._optimiser = torch.optim.AdamW(
            _decayed(self._parameters, config.weight_decay), lr=config.learning_rate, betas=BETAS
        )
        warmup = max(1, round(config.warmup_share * config.steps))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: _rate(step, warmup, config.steps)
        )
        # A batch without any AlphaEarth leaves the modulation without a gradient.
        self._loss = self.processes.spread(AnswerLoss(gpt, self.processes), some_unused=True)
        if not self.processes.is_first:  # each process has other rows, and so other dropout
            torch.manual_seed(config.seed + self.processes.rank)
        self._batches = Batches(gpt, lesson, config)
        self._done = 0

    def run(self, guard: Unguarded = UNGUARDED) -> None:
        """Take all steps that are left; the network ends in evaluation mode."""
        steps = self.config.steps
        for step in self.processes.steps(range(1, steps + 1), self.lesson.stage, steps, self._note):
            if step <= self._done:
                continue
            guard.heed()
            self._step(step)
            if step % self.config.validate_every == 0 or step == steps:
                self.curve.add(step, "val_loss", validation_loss(self.gpt, self.lesson.val, self.config))
            self._done = step
            guard.passed(step)
        self.gpt.network.eval()

    def state(self) -> State:
        """Everything that the next steps depend on, between two steps."""
        return {
            "done": self._done,
            "learned": learned(self._named(), self._optimiser),
            "schedule": self._schedule.state_dict(),
            "batches": self._batches.state(),
            "curve": self.curve.rows,
        }

    def take_up(self, state: State) -> None:
        """Go on from a state of the same training."""
        self._batches.take_up(state["batches"])
        learn_again(state["learned"], self._named(), self._optimiser)
        self._schedule.load_state_dict(state["schedule"])
        self.curve.rows = list(state["curve"])
        self._done = state["done"]

    def _step(self, step: int) -> None:
        self.gpt.network.train()
        loss = self._loss(self._batches.next())
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, self.config.clip_norm)
        self._optimiser.step()
        self._schedule.step()
        self.curve.add(step, "loss", float(self.processes.total(loss.detach()) / self.processes.count))

    def _named(self) -> dict[str, nn.Parameter]:
        return {name: item for name, item in self.gpt.network.named_parameters() if item.requires_grad}

    def _note(self) -> str:
        return f"loss {self.curve.last('loss'):.3f}" if self.curve.rows else ""


@torch.no_grad()
def validation_loss(gpt: Gpt, val: tuple[Samples, Asker], config: TrainingConfig) -> float:
    """`answer_loss` on the first chips of other places with their own AlphaEarth; NaN where there are none."""
    gpt.network.eval()
    samples, asker = val
    items = sorted(fixed_items(gpt, samples, asker, config), key=lambda item: len(item.row.ids))
    total = 0.0
    for first in range(0, len(items), config.batch_chips):
        some = items[first : first + config.batch_chips]
        loss, _ = answer_loss(gpt, collate(gpt, samples, some, [False] * len(some)))
        total += float(loss) * len(some)
    return total / len(items) if items else math.nan


def _decayed(parameters: Sequence[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Weight decay on matrices only: pulling norms and biases to zero changes what a layer means."""
    return [
        {"params": [item for item in parameters if item.ndim > 1], "weight_decay": decay},
        {"params": [item for item in parameters if item.ndim < 2], "weight_decay": 0.0},
    ]


def _rate(step: int, warmup: int, steps: int) -> float:
    """Share of the learning rate: up in a line, down as a cosine."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
