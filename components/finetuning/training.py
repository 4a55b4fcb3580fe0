"""One training loop for both stages: same inputs, same bytes on one CPU."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from components.contract.progress import progress
from components.finetuning.conversations import Asker, Item, epoch_items, fixed_items, grouped
from components.finetuning.errors import NoTrainingData, TooLong
from components.finetuning.samples import Samples
from components.finetuning.stage import TrainingConfig
from components.networks.chat import IGNORED, PADDING, attention_mask
from components.networks.gpt import Gpt
from components.networks.tlm import Anchors, pack_anchors

BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class Lesson:
    """What a stage learns from and is watched on.

    Attributes:
        stage: name of the stage, for progress and errors.
        train: chips of the train split and what is asked about them.
        val: the same at other places.
    """

    stage: str
    train: tuple[Samples, Asker]
    val: tuple[Samples, Asker]


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


@dataclass(frozen=True)
class Batch:
    """Token rows of some chips, padded on the right, with what the network needs to see them."""

    ids: torch.Tensor
    branches: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    planes: torch.Tensor
    anchors: Anchors


def be_deterministic(seed: int, threads: int) -> None:
    """Fix every source of chance and of order: the same data then give the same bytes on one CPU."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


def collate(gpt: Gpt, samples: Samples, items: Sequence[Item], dropped: Sequence[bool]) -> Batch:
    """Pack some chips of an epoch; a chip that is `dropped` goes without its AlphaEarth."""
    rows = [item.row for item in items]
    length = max(len(row.ids) for row in rows)
    height, width = samples.planes.shape[2:]

    def padded(tensors: list[torch.Tensor], value: int) -> torch.Tensor:
        return torch.stack([nn.functional.pad(item, (0, length - item.shape[-1]), value=value) for item in tensors])

    grids = [None if gone else samples.alphaearth[item.chip] for item, gone in zip(items, dropped, strict=True)]
    masks = [samples.alphaearth_valid[item.chip] for item in items]
    mirrors = [item.mirror for item in items]
    return Batch(
        ids=padded([row.ids for row in rows], gpt.chat.pad),
        branches=padded([row.branches for row in rows], PADDING),
        labels=padded([row.labels for row in rows], IGNORED),
        positions=padded([gpt.positions(row, height, width) for row in rows], 0).transpose(0, 1),
        planes=torch.stack([item.mirror.planes(samples.planes[item.chip]) for item in items]),
        anchors=pack_anchors(
            [None if grid is None else mirror.grid(grid) for mirror, grid in zip(mirrors, grids, strict=True)],
            [None if mask is None else mirror.grid(mask) for mirror, mask in zip(mirrors, masks, strict=True)],
        ),
    )


def answer_loss(gpt: Gpt, batch: Batch) -> torch.Tensor:
    """Cross entropy [nat]: the mean over each answer's tokens, then the mean over the answers of the batch.

    So a count of one token weighs as much as a caption of fifty; the paper's code takes the same mean at one answer a
    sample (papers/fusar-gpt.md 2.6).

    Returns:
        A scalar float32 with its gradient.
    """
    device = gpt.device
    with gpt.autocast():
        hidden = gpt.network.model(
            input_ids=batch.ids.to(device),
            attention_mask=attention_mask(batch.branches).to(device),
            position_ids=batch.positions.to(device),
            mm_encoder_outputs={"image": gpt.see(batch.planes, batch.anchors)},
            use_cache=False,
        ).last_hidden_state
        is_answer = batch.labels != IGNORED
        logits = gpt.network.lm_head(hidden[is_answer.to(device)])
    losses = nn.functional.cross_entropy(logits.float(), batch.labels[is_answer].to(device), reduction="none")
    chips = torch.arange(len(batch.ids))[:, None].expand_as(batch.labels)
    answers = (chips * (int(batch.branches.max()) + 1) + batch.branches)[is_answer]
    _, answer, lengths = torch.unique(answers, return_inverse=True, return_counts=True)
    weights = (1.0 / (lengths[answer] * len(lengths))).to(device)
    return torch.dot(losses, weights)


def train(gpt: Gpt, lesson: Lesson, config: TrainingConfig) -> Curve:
    """Train the parts that the config names; the network ends in evaluation mode.

    Raises:
        NoTrainingData: no chip has anything to learn from.
        TooLong: a chip's row exceeds max_tokens.
    """
    parameters = gpt.train_only(config.trained)
    optimizer = torch.optim.AdamW(_decayed(parameters, config.weight_decay), lr=config.learning_rate, betas=BETAS)
    warmup = max(1, round(config.warmup_share * config.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, warmup, config.steps))
    curve = Curve(lesson.stage)
    batches = _batches(gpt, lesson, config)
    for step in progress(range(1, config.steps + 1), lesson.stage, config.steps, lambda: _note(curve)):
        gpt.network.train()
        loss = answer_loss(gpt, next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, config.clip_norm)
        optimizer.step()
        schedule.step()
        curve.add(step, "loss", float(loss.detach()))
        if step % config.validate_every == 0 or step == config.steps:
            curve.add(step, "val_loss", validation_loss(gpt, lesson.val, config))
    gpt.network.eval()
    return curve


@torch.no_grad()
def validation_loss(gpt: Gpt, val: tuple[Samples, Asker], config: TrainingConfig) -> float:
    """`answer_loss` on the first chips of other places with their own AlphaEarth; NaN where there are none."""
    gpt.network.eval()
    samples, asker = val
    items = sorted(fixed_items(gpt, samples, asker, config), key=lambda item: len(item.row.ids))
    total = 0.0
    for first in range(0, len(items), config.batch_chips):
        some = items[first : first + config.batch_chips]
        total += float(answer_loss(gpt, collate(gpt, samples, some, [False] * len(some)))) * len(some)
    return total / len(items) if items else math.nan


def _batches(gpt: Gpt, lesson: Lesson, config: TrainingConfig) -> Iterator[Batch]:
    samples, asker = lesson.train
    rng = np.random.default_rng(config.seed)
    epoch = 0
    while True:
        epoch += 1
        items = epoch_items(gpt, samples, asker, config, epoch)
        if not items:
            raise NoTrainingData(lesson.stage, "a caption or a question")
        longest = max(items, key=lambda item: len(item.row.ids))
        if len(longest.row.ids) > config.max_tokens:
            raise TooLong(samples.truths[longest.chip].chip_id, len(longest.row.ids), config.max_tokens)
        for some in grouped(items, config.batch_chips, rng):
            dropped = (rng.random(len(some)) < config.alphaearth_missing).tolist()
            yield collate(gpt, samples, some, dropped)


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


def _note(curve: Curve) -> str:
    return f"loss {curve.last('loss'):.3f}" if curve.rows else ""
