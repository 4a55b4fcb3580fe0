"""What the `config.json` of a GPT's folder says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from components.networks.encoder_sizes import VisionConfig
from components.networks.sizes import LanguageConfig, LoraSettings, TlmConfig


class GptConfig(BaseModel):
    """`config.json` of a model folder: what the weights beside it belong to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["fusar-gpt/1"] = Field(description="Version of the folder's layout.")
    base_model: str | None = Field(description="Folder or hub id of the pretrained Qwen2.5-VL; null = from scratch.")
    base_revision: str | None = Field(description="Hub commit, or sha256 of the local folder; null = from scratch.")
    image_size: int | None = Field(ge=28, le=2048, description="Side that a chip is resampled to; null = its own.")
    vision: VisionConfig | None = Field(description="Tower of a model from scratch; null = the base model's own.")
    language: LanguageConfig | None = Field(description="Language model from scratch; null = the base model's own.")
    lora: LoraSettings | None = Field(description="Adapters on the base model's language projections.")
    tlm: TlmConfig

    @model_validator(mode="after")
    def _is_one_kind(self) -> "GptConfig":
        scratch = (self.vision is not None, self.language is not None, self.lora is None, self.base_revision is None)
        if set(scratch) != {self.base_model is None}:
            raise ValueError(
                "vision and language belong to a model from scratch, lora and base_revision to a base_model"
            )
        return self
