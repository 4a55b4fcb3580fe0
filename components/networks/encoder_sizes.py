"""Sizes of the vision tower and of KLIP: parameters of the stages and content of a model folder.

Stages hold these configurations, so nothing heavy is imported until a network is made.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig


class VisionConfig(BaseModel):
    """Size of the vision tower."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patch_size: int = Field(ge=2, le=32, description="Side of a patch [pixel].")
    merge_size: int = Field(ge=1, le=4, description="Patches along one side of a merged patch.")
    window_size: int = Field(ge=8, le=1024, description="Side of the window of local attention [pixel].")
    full_attention_blocks: tuple[int, ...] = Field(description="Blocks that attend over the whole chip, from 0.")
    width: int = Field(ge=16, le=8192, multiple_of=8, description="Width of the blocks.")
    depth: int = Field(ge=1, le=64, description="Number of blocks.")
    heads: int = Field(ge=1, le=64, description="Attention heads of a block; width / heads must be a multiple of 4.")
    mlp_width: int = Field(ge=16, le=32768, description="Inner width of a block's MLP.")
    out_width: int = Field(ge=16, le=8192, description="Width of a merged token: that of what reads it.")

    def to_qwen(self) -> "Qwen2_5_VLVisionConfig":
        """Express the size in transformers' own configuration."""
        from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig

        from components.networks.channels import CHANNELS

        return Qwen2_5_VLVisionConfig(
            depth=self.depth,
            hidden_size=self.width,
            intermediate_size=self.mlp_width,
            num_heads=self.heads,
            in_channels=CHANNELS,
            patch_size=self.patch_size,
            spatial_merge_size=self.merge_size,
            temporal_patch_size=1,
            window_size=self.window_size,
            out_hidden_size=self.out_width,
            fullatt_block_indexes=list(self.full_attention_blocks),
        )


class TextConfig(BaseModel):
    """Size of the text encoder and of its fusion with the image; its width is the vision tower's `out_width`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_length: int = Field(ge=8, le=4096, description="Longest caption [token].")
    depth: int = Field(ge=1, le=48, description="Layers that read the text alone; their first token is embedded.")
    fusion_depth: int = Field(ge=1, le=48, description="Layers after those that also attend to the image.")
    heads: int = Field(ge=1, le=64, description="Attention heads of a layer; divides the width.")
    mlp_width: int = Field(ge=16, le=32768, description="Inner width of a layer's MLP.")
    embedding_width: int = Field(ge=8, le=4096, description="Width of the space shared by images and texts.")


class KlipConfig(BaseModel):
    """`config.json` of a KLIP folder.

    The paper's momentum encoders and queues of 57,600 features are left out: a queue may hold at most half of the
    samples, or a pair comes back as its own negative (papers/fusar-klip section 9, row 18), and on a few thousand
    chips a second forward pass of both encoders costs more steps than it gives negatives.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vision: VisionConfig = Field(description="Size of the vision tower.")
    text: TextConfig = Field(description="Size of the text encoder and its fusion.")
    vocabulary_size: int = Field(ge=5, description="Ids of the tokenizer, special tokens included.")
