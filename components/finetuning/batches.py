"""Batches of a lesson: one shuffled epoch after the other, put down and taken up between any two batches."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from components.finetuning.conversations import Asker, Item, epoch_items, grouped
from components.finetuning.errors import NoTrainingData, TooLong
from components.finetuning.samples import Samples
from components.finetuning.stage import TrainingConfig
from components.networks.chat import IGNORED, PADDING
from components.networks.gpt import Gpt
from components.networks.tlm import Anchors, pack_anchors
from components.training.checkpoints import State
from components.training.processes import processes_here


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


@dataclass(frozen=True)
class Batch:
    """Token rows of some chips, padded on the right, with what the network needs to see them."""

    ids: torch.Tensor
    branches: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    planes: torch.Tensor
    anchors: Anchors


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


class Batches:
    """This process's share of each step's batch.

    Raises:
        NoTrainingData: no chip has anything to learn from.
        TooLong: a chip's row exceeds max_tokens.
        Indivisible: a batch cannot be shared out evenly among the processes.
    """

    def __init__(self, gpt: Gpt, lesson: Lesson, config: TrainingConfig) -> None:
        self._gpt, self._lesson, self._config = gpt, lesson, config
        self._processes = processes_here()
        self._processes.refuse_indivisible(f"{lesson.stage}.batch_chips", config.batch_chips)
        self._rng = np.random.default_rng(config.seed)
        self._epoch, self._taken = 0, 0
        self._begin_epoch()

    def next(self) -> Batch:
        """The share of the next batch."""
        some, dropped = self._draw()
        share = self._processes.share
        return collate(self._gpt, self._lesson.train[0], some[share], dropped[share])

    def state(self) -> State:
        """How far the epoch is, and the generator as it was when the epoch began."""
        return {"epoch": self._epoch, "taken": self._taken, "generator": self._generator_at_start}

    def take_up(self, state: State) -> None:
        """Go on behind the batches that were taken."""
        self._rng.bit_generator.state = json.loads(state["generator"])
        self._epoch = state["epoch"] - 1
        self._begin_epoch()
        for _ in range(state["taken"]):
            self._draw()

    def _draw(self) -> tuple[list[Item], list[bool]]:
        """Chips of the next batch, and whether each goes without its AlphaEarth; the same in every process."""
        some = next(self._groups, None)
        if some is None:
            self._begin_epoch()
            some = next(self._groups)
        self._taken += 1
        return some, (self._rng.random(len(some)) < self._config.alphaearth_missing).tolist()

    def _begin_epoch(self) -> None:
        # The state's numbers have 128 bits: as text they pass any reader.
        self._generator_at_start = json.dumps(self._rng.bit_generator.state)
        self._epoch, self._taken = self._epoch + 1, 0
        samples, asker = self._lesson.train
        items = epoch_items(self._gpt, samples, asker, self._config, self._epoch)
        if len(items) < self._processes.count:
            raise NoTrainingData(self._lesson.stage, "a caption or a question")
        longest = max(items, key=lambda item: len(item.row.ids))
        if len(longest.row.ids) > self._config.max_tokens:
            chip_id = samples.truths[longest.chip].chip_id
            raise TooLong(chip_id, len(longest.row.ids), self._config.max_tokens)
        self._groups: Iterator[list[Item]] = grouped(items, self._config.batch_chips, self._rng)
