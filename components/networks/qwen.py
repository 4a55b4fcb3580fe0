"""transformers' own Qwen2.5-VL with the AlphaEarth modulation where the visual tokens leave the tower."""

from typing import Any

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLTextConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel

from components.networks.encoder_sizes import VisionConfig
from components.networks.sizes import LanguageConfig, TlmConfig
from components.networks.tlm import Anchors, Tlm
from components.networks.vision import VisionTower

ROPE_SHARES = (2, 3, 3)


class ModulatedModel(Qwen2_5_VLModel):  # type: ignore[misc]
    """Qwen2_5_VLModel whose image features are modulated by anchors that come as an ordinary argument."""

    tlm: Tlm | None

    def get_image_features(
        self,
        pixel_values: torch.Tensor,
        image_grid_thw: torch.Tensor | None = None,
        anchors: Anchors | None = None,
        **kwargs: Any,
    ) -> Any:
        """Give Qwen's image features with `pooler_output` (one tensor a chip) modulated, if there are anchors.

        Args:
            pixel_values: flat patches of all chips, (patches, 3 * patch * patch).
            image_grid_thw: 1, rows and columns of patches of each chip, (B, 3).
            anchors: AlphaEarth of the same chips.
            **kwargs: handed on to Qwen.
        """
        features = super().get_image_features(pixel_values, image_grid_thw, **kwargs)
        if self.tlm is not None and anchors is not None and image_grid_thw is not None:
            grids = [(int(rows), int(columns)) for _, rows, columns in image_grid_thw.tolist()]
            merge = self.visual.spatial_merge_size
            features.pooler_output = tuple(self.tlm(features.pooler_output, grids, merge, anchors))
        return features


class ModulatedQwen(Qwen2_5_VLForConditionalGeneration):  # type: ignore[misc]
    """Qwen2_5_VLForConditionalGeneration on `ModulatedModel`; names of weights are Qwen's own, plus `model.tlm`."""

    def add_tlm(self, config: TlmConfig) -> Tlm:
        """Add an untrained modulation, which changes nothing."""
        tlm = Tlm(config, self.config.text_config.hidden_size).to(self.device)
        self.model.tlm = tlm
        return tlm


def modulated(network: Qwen2_5_VLForConditionalGeneration) -> ModulatedQwen:
    """Make transformers' network, loaded or new, one that can be modulated; it is changed in place."""
    # The classes are put on afterwards: `from_pretrained` finds the renaming of a checkpoint's weights by the class's
    # name, and would leave a subclass with random weights and a warning.
    network.__class__ = ModulatedQwen
    network.model.__class__ = ModulatedModel
    network.model.tlm = None
    changed: ModulatedQwen = network
    return changed


def small_qwen(
    vision: VisionConfig, language: LanguageConfig, specials: dict[str, int], vocabulary: int
) -> ModulatedQwen:
    """Build a small Qwen2.5-VL with random weights and the tower that KLIP trains.

    Args:
        vision: size of the tower; its `out_width` is the language model's width.
        language: size of the language model.
        specials: numbers of the special tokens, by their text.
        vocabulary: number of tokens.
    """
    half = vision.out_width // language.heads // 2
    sections = [half * share // sum(ROPE_SHARES) for share in ROPE_SHARES]
    sections[0] += half - sum(sections)
    text = Qwen2_5_VLTextConfig(
        vocab_size=vocabulary,
        hidden_size=vision.out_width,
        intermediate_size=language.mlp_width,
        num_hidden_layers=language.layers,
        num_attention_heads=language.heads,
        num_key_value_heads=language.kv_heads,
        initializer_range=language.initial_std,
        rope_parameters={"rope_type": "default", "rope_theta": language.rope_theta, "mrope_section": sections},
        bos_token_id=None,
        eos_token_id=specials["<|im_end|>"],
        tie_word_embeddings=True,
    )
    config = Qwen2_5_VLConfig(
        text_config=text.to_dict(),
        vision_config=vision.to_qwen().to_dict(),
        image_token_id=specials["<|image_pad|>"],
        video_token_id=specials["<|video_pad|>"],
        vision_start_token_id=specials["<|vision_start|>"],
        vision_end_token_id=specials["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    network = modulated(Qwen2_5_VLForConditionalGeneration(config))
    network.model.visual = VisionTower(vision)
    return network
