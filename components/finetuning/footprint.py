"""How much memory a stage of fine-tuning needs in each of its processes."""

from pathlib import Path

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from components.finetuning.align import refuse_unsuited
from components.finetuning.stage import AlignConfig, TrainingConfig
from components.networks.chat import SPECIALS, train_tokenizer
from components.networks.encoder_sizes import VisionConfig
from components.networks.errors import BadModelConfig
from components.networks.gpt import Gpt
from components.networks.gpt_config import GptConfig
from components.networks.qwen import ModulatedQwen, modulated, small_qwen
from components.training.footprint import Footprint, Layers, footprint
from components.training.processes import Processes


def finetuning_footprint(
    stage: str, config: TrainingConfig, gpt: Gpt, side: int, processes: int, on_gpus: bool
) -> Footprint:
    """Estimate one process's memory; every chip is taken to fill `max_tokens`.

    Args:
        stage: its name.
        config: its parameters.
        gpt: of `gpt_without_weights`.
        side: of a chip [pixel].
        processes: how many train together.
        on_gpus: whether each has a GPU.

    Raises:
        Indivisible: a batch cannot be shared out evenly.
        UnsuitedParts: `trained` names a part that this kind of model does not have.
    """
    Processes(0, processes).refuse_indivisible(f"{stage}.batch_chips", config.batch_chips)
    refuse_unsuited(stage, config, is_scratch=gpt.config.base_model is None)
    gpt.train_only(config.trained)
    chips = config.batch_chips // processes
    vision, text = gpt.vision_size, gpt.network.config.text_config
    patches = chips * ((gpt.config.image_size or side) // vision.patch_size) ** 2
    tokens = chips * config.max_tokens
    layers = (
        Layers(vision.depth, vision.width, patches),
        Layers(text.num_hidden_layers, text.hidden_size, tokens),
    )
    return footprint(gpt.network, layers, tokens * text.vocab_size, processes, on_gpus)


def gpt_without_weights(config: AlignConfig, vision: VisionConfig, on_gpus: bool) -> Gpt:
    """The GPT that `align` would train, laid out on the device `meta`.

    Args:
        config: parameters of align.
        vision: size of KLIP's tower, which a model from scratch takes over.
        on_gpus: whether the pretrained base is held in 16 bits.

    Raises:
        BadModelConfig: the pretrained base's configuration is not on this machine.
    """
    settings = GptConfig(
        format="fusar-gpt/1",
        base_model=config.base_model,
        base_revision=None if config.base_model is None else config.base_revision or "not loaded",
        image_size=config.image_size,
        vision=vision if config.base_model is None else None,
        language=config.language,
        lora=config.lora,
        tlm=config.tlm,
    )
    tokenizer = train_tokenizer(["user\n"], 300)
    with torch.device("meta"):
        return Gpt(settings, tokenizer, _network(config, vision, on_gpus))


def _network(config: AlignConfig, vision: VisionConfig, on_gpus: bool) -> ModulatedQwen:
    if config.language is not None:
        specials = {token: number for number, token in enumerate(SPECIALS)}
        return small_qwen(vision, config.language, specials, config.vocabulary)
    base = config.base_model or ""
    try:
        size = Qwen2_5_VLConfig.from_pretrained(base, revision=config.base_revision, local_files_only=True)
    except (OSError, ValueError) as error:
        raise BadModelConfig(Path(base), "its config.json is not on this machine; fetch it first") from error
    network = Qwen2_5_VLForConditionalGeneration(size)
    return modulated(network.to(torch.bfloat16) if on_gpus else network)
