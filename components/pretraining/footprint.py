"""How much memory KLIP's pretraining needs in each of its processes."""

import torch

from components.networks.encoder_sizes import KlipConfig
from components.networks.klip import Klip
from components.networks.tokenizer import build_tokenizer
from components.pretraining.stage import PretrainingConfig
from components.records.families import vocabulary
from components.training.footprint import Footprint, Layers, footprint
from components.training.processes import Processes


def pretraining_footprint(config: PretrainingConfig, side: int, processes: int, on_gpus: bool) -> Footprint:
    """Estimate one process's memory; the network is laid out without its weights.

    Args:
        config: parameters of the stage.
        side: of a chip [pixel].
        processes: how many train together.
        on_gpus: whether each has a GPU.

    Raises:
        Indivisible: a batch cannot be shared out evenly.
    """
    training, vision, text = config.training, config.vision, config.text
    pairs = min(training.matching_pairs, training.batch_size)
    for key, value in (("batch_size", training.batch_size), ("matching_pairs", training.matching_pairs)):
        Processes(0, processes).refuse_indivisible(f"pretrain.training.{key}", value)
    tokenizer = build_tokenizer(vocabulary())
    with torch.device("meta"):
        klip = Klip(KlipConfig(vision=vision, text=text, vocabulary_size=tokenizer.vocabulary_size), tokenizer)
    chips, matched = training.batch_size // processes, pairs // processes
    patches = chips * (side // vision.patch_size) ** 2
    read, fused = (2 * chips + matched) * text.max_length, (4 * matched + chips) * text.max_length
    layers = (
        Layers(vision.depth, vision.width, patches),
        Layers(text.depth, vision.out_width, read),
        Layers(text.fusion_depth, vision.out_width, fused),
    )
    logits = chips * text.max_length * tokenizer.vocabulary_size
    return footprint(klip, layers, logits, processes, on_gpus)
