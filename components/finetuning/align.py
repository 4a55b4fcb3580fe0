"""Stage 1: a GPT from KLIP's tower or on a pretrained base learns the corrected descriptions."""

import math
from pathlib import Path

import torch

from components.contract.stage import Metrics, Paths
from components.finetuning.batches import Lesson
from components.finetuning.conversations import ask_description, texts
from components.finetuning.errors import UnsuitedParts
from components.finetuning.samples import Samples, hold_out_places, read_captions, read_samples
from components.finetuning.settings import scratch_settings
from components.finetuning.stage import AlignConfig, TrainingConfig
from components.finetuning.training import Trainer, be_deterministic
from components.finetuning.warm_start import from_version
from components.networks.base import base_tokenizer, load_base
from components.networks.chat import train_tokenizer
from components.networks.gpt import Gpt, load_tokenizer
from components.networks.gpt_config import GptConfig
from components.networks.klip import load_klip
from components.records.schemas import CURVE
from components.records.tables import write_table
from components.training.checkpoints import checkpoints_of
from components.training.resuming import resumable

# What a checkpoint belongs to: an unfinished training of other code is not gone on with.
CODE = tuple(
    f"components.{name}"
    for name in ("contract", "finetuning", "memo", "networks", "records", "scores", "tasks", "training")
)


def align(config: AlignConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Run stage 1; see `stage.run_align`."""
    refuse_unsuited("align", config, is_scratch=config.base_model is None)
    be_deterministic(config.seed, config.threads)
    captions = read_captions(inputs["corpus"])
    # The corpus holds the train split alone, so what is watched must be taken from it.
    known = read_samples(inputs["chips"], captions, "train")
    samples, val = hold_out_places(known, config.validation_chips, config.seed)
    gpt = to_device(first_gpt(config, inputs["klip"], samples))
    lesson = Lesson("align", (samples, ask_description), (val, ask_description))
    return learn(gpt, lesson, config, inputs, outputs)


def first_gpt(config: AlignConfig, klip: Path, samples: Samples) -> Gpt:
    """The GPT that the first step trains: on a pretrained base, of an earlier version, or around KLIP's tower."""
    if config.base_model is not None:
        return on_base(config)
    if config.warm_start is not None:
        return from_version(config, klip, config.warm_start)
    return from_klip(config, klip, samples)


def from_klip(config: AlignConfig, klip: Path, samples: Samples) -> Gpt:
    """Build a small GPT around KLIP's tower; its tokenizer learns the texts of both stages."""
    tower = load_klip(klip)[0].vision
    gpt = Gpt(scratch_settings(config, tower.size), train_tokenizer(texts(samples, config.seed), config.vocabulary))
    gpt.network.model.visual.load_state_dict(tower.state_dict(), strict=True)
    return gpt


def on_base(config: AlignConfig) -> Gpt:
    """Wrap a pretrained Qwen2.5-VL: its own tower, tokenizer and language model, with untrained adapters."""
    base = config.base_model or ""
    network, revision = load_base(base, config.base_revision)
    settings = GptConfig(
        format="fusar-gpt/1",
        base_model=base,
        base_revision=revision,
        image_size=config.image_size,
        vision=None,
        language=None,
        lora=config.lora,
        tlm=config.tlm,
    )
    return Gpt(settings, load_tokenizer(base_tokenizer(base, revision)), network)


def to_device(gpt: Gpt) -> Gpt:
    """Move the network to the GPU where there is one."""
    gpt.network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return gpt


def refuse_unsuited(stage: str, config: TrainingConfig, is_scratch: bool) -> None:
    """Stop before training a part that the model folder would not hold.

    Raises:
        UnsuitedParts: naming the part.
    """
    allowed = {"vision", "tlm", "language"} if is_scratch else {"tlm", "lora"}
    for part in config.trained:
        if part not in allowed:
            raise UnsuitedParts(stage, part, "scratch" if is_scratch else "base")


def learn(gpt: Gpt, lesson: Lesson, config: TrainingConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Train; write the model folder and the curve; give the last losses [nat], `val_loss` where one could be taken."""
    trainer = Trainer(gpt, lesson, config)
    checkpoints = checkpoints_of(lesson.stage, config, inputs, CODE)
    with resumable(trainer, checkpoints, config.checkpoint_every) as guard:
        trainer.run(guard)
    if not trainer.processes.is_first:
        return {}
    gpt.save(outputs["gpt"])
    write_table(trainer.curve.rows, CURVE, outputs["curve.parquet"])
    checkpoints.clear()
    losses = {name: trainer.curve.last(name) for name in ("loss", "val_loss")}
    return {name: value for name, value in losses.items() if math.isfinite(value)}
