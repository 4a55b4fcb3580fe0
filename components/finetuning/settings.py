"""What a GPT from scratch is, before it has any weights."""

from components.finetuning.stage import AlignConfig
from components.networks.encoder_sizes import VisionConfig
from components.networks.gpt_config import GptConfig


def scratch_settings(config: AlignConfig, tower: VisionConfig) -> GptConfig:
    """`config.json` of a small GPT on a tower of KLIP's size."""
    return GptConfig(
        format="fusar-gpt/1",
        base_model=None,
        base_revision=None,
        image_size=config.image_size,
        vision=tower,
        language=config.language,
        lora=None,
        tlm=config.tlm,
    )
