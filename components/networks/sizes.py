"""Sizes of the GPT's parts: parameters of the stages and content of a model folder; imports nothing heavy."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["vision", "tlm", "language", "lora"]


class LanguageConfig(BaseModel):
    """Size of a language model that is trained from scratch; its width is that of the tower's merged tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: int = Field(ge=1, le=80, description="Decoder layers.")
    heads: int = Field(ge=1, le=64, description="Query heads; width / heads must be a multiple of 16.")
    kv_heads: int = Field(ge=1, le=64, description="Key and value heads; divides heads.")
    mlp_width: int = Field(ge=16, le=65536, description="Inner width of a layer's MLP.")
    rope_theta: float = Field(gt=1, description="Base of the rotary positions.")
    initial_std: float = Field(gt=0, le=1, description="Standard deviation of the initial weights.")


class TlmConfig(BaseModel):
    """Size and reach of the modulation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: int = Field(ge=8, le=16384, description="Width of the hidden layer of the MLP over an AlphaEarth vector.")
    sigma_cells: float = Field(
        gt=0.1, le=16, description="Standard deviation of the Gaussian around an anchor [merged patch]; the paper's 1."
    )
    mix: Literal["mlp_then_mix"] = Field(
        description="Order of MLP and Gaussian mixing; the two orders are not equivalent, weights never change over."
    )


class LoraSettings(BaseModel):
    """Low-rank adapters on the language projections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: int = Field(ge=1, le=512, description="Rank of an adapter.")
    alpha: int = Field(ge=1, le=1024, description="Scale of an adapter, alpha / rank.")
    dropout: float = Field(ge=0, lt=1, description="Dropout before an adapter [1].")
