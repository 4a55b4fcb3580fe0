"""FUSAR-KLIP's network: a SAR vision tower, a text encoder and their fusion, for contrast, matching and filling.

Legend of shape suffixes: B chips or texts, M image tokens, L words, D width, E embedding, V vocabulary.
"""
# ruff: noqa: N803, N806 (shape suffixes are capitals)

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from components.networks.encoder_sizes import KlipConfig
from components.networks.errors import BadModelConfig
from components.networks.tokenizer import PAD_ID, CaptionTokenizer, load_tokenizer
from components.networks.vision import VisionTower
from components.networks.weights import CONFIG_FILE, load_config, load_weights, save_weights

__all__ = ["Klip", "KlipConfig", "load_klip", "save_klip"]

TEMPERATURE_START, TEMPERATURE_RANGE = 0.07, (0.001, 0.5)  # papers: fusar-klip section 5
EMBEDDING_BATCH = 64


class TextBlock(nn.Module):
    """A pre-norm transformer layer; with `reads_image` it also attends to image tokens."""

    def __init__(self, width: int, heads: int, mlp_width: int, reads_image: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm_self = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        if reads_image:
            self.norm_cross = nn.LayerNorm(width)
            self.query = nn.Linear(width, width)
            self.key_value = nn.Linear(width, 2 * width)
            self.out_cross = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, mlp_width), nn.GELU(), nn.Linear(mlp_width, width))

    def forward(
        self, text_BLD: torch.Tensor, mask_B11L: torch.Tensor, image_BMD: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Give the next hidden state of the text; `mask_B11L` is True where a key is a word."""
        q, k, v = self.qkv(self.norm_self(text_BLD)).chunk(3, dim=-1)
        text_BLD = text_BLD + self.out(self._attend(q, k, v, mask_B11L))
        if image_BMD is not None:
            k, v = self.key_value(image_BMD).chunk(2, dim=-1)
            text_BLD = text_BLD + self.out_cross(self._attend(self.query(self.norm_cross(text_BLD)), k, v, None))
        hidden: torch.Tensor = text_BLD + self.mlp(self.norm_mlp(text_BLD))
        return hidden

    def _attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        q, k, v = (x.view(*x.shape[:2], self.heads, -1).transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)


class Klip(nn.Module):
    """The network of papers/fusar-klip section 5: contrast on two encoders, matching and word filling on their fusion.

    Filling is two-way, without the shift of BLIP's decoder: a masked position is predicted where it stands
    (section 9, row 5). Padding may stand inside a row: it is never attended to and takes no position.
    """

    def __init__(self, config: KlipConfig, tokenizer: CaptionTokenizer) -> None:
        super().__init__()
        width, text = config.vision.out_width, config.text
        self.config, self.tokenizer = config, tokenizer
        self.vision = VisionTower(config.vision)
        self.words = nn.Embedding(config.vocabulary_size, width)
        self.positions = nn.Embedding(text.max_length, width)
        sizes = (width, text.heads, text.mlp_width)
        self.text_blocks = nn.ModuleList(TextBlock(*sizes, reads_image=False) for _ in range(text.depth))
        self.fusion_blocks = nn.ModuleList(TextBlock(*sizes, reads_image=True) for _ in range(text.fusion_depth))
        self.norm_image, self.norm_text, self.norm_fused = (nn.LayerNorm(width) for _ in range(3))
        self.image_projection = nn.Linear(width, text.embedding_width)
        self.text_projection = nn.Linear(width, text.embedding_width)
        self.match_head = nn.Linear(width, 2)
        self.word_head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.word_bias = nn.Parameter(torch.zeros(config.vocabulary_size))
        self.temperature = nn.Parameter(torch.tensor(TEMPERATURE_START))
        # With the usual 0.02 the tied word logits start too flat to learn in a few hundred steps (SPIKE section 4).
        for table in (self.words, self.positions):
            nn.init.normal_(table.weight, std=width**-0.5)

    def encode_images(self, chips_BCHW: torch.Tensor) -> torch.Tensor:
        """Give image tokens (B, M, D) of normalised chips (B, 3, H, W) from `channels`."""
        tokens: torch.Tensor = self.norm_image(self.vision.encode(chips_BCHW))
        return tokens

    def encode_texts(self, ids_BL: torch.Tensor) -> torch.Tensor:
        """Give the text's own hidden state (B, L, D) of token ids."""
        is_word = ids_BL != PAD_ID
        place = (is_word.cumsum(dim=1) - 1).clamp(0, self.config.text.max_length - 1)
        hidden: torch.Tensor = self.words(ids_BL) + self.positions(place)
        for block in self.text_blocks:
            hidden = block(hidden, is_word[:, None, None, :])
        return hidden

    def fuse(self, text_BLD: torch.Tensor, ids_BL: torch.Tensor, image_BMD: torch.Tensor) -> torch.Tensor:
        """Give the hidden state (B, L, D) of each text in the light of its image."""
        mask = (ids_BL != PAD_ID)[:, None, None, :]
        for block in self.fusion_blocks:
            text_BLD = block(text_BLD, mask, image_BMD)
        fused: torch.Tensor = self.norm_fused(text_BLD)
        return fused

    def project_images(self, image_BMD: torch.Tensor) -> torch.Tensor:
        """Give unit vectors (B, E) of image tokens."""
        return F.normalize(self.image_projection(image_BMD.mean(dim=1)), dim=-1)

    def project_texts(self, text_BLD: torch.Tensor) -> torch.Tensor:
        """Give unit vectors (B, E) of the texts' first tokens."""
        return F.normalize(self.text_projection(self.norm_text(text_BLD[:, 0])), dim=-1)

    def match_logits(self, fused_BLD: torch.Tensor) -> torch.Tensor:
        """Logits (B, 2) of the first token; class 1 = text and image belong together."""
        logits: torch.Tensor = self.match_head(fused_BLD[:, 0])
        return logits

    def word_logits(self, fused: torch.Tensor) -> torch.Tensor:
        """Logits (..., V) of the word at each position of a fused state (..., D); the weights are the input table's."""
        logits: torch.Tensor = F.linear(self.word_head(fused), self.words.weight, self.word_bias)
        return logits

    @torch.no_grad()
    def clamp_temperature(self) -> None:
        """Hold the learnable temperature of the contrast in its range; after every step of the optimiser."""
        self.temperature.clamp_(*TEMPERATURE_RANGE)

    @torch.no_grad()
    def embed_images(self, chips_BCHW: torch.Tensor) -> torch.Tensor:
        """Give unit vectors (B, E) of normalised chips (B, 3, H, W), for retrieval."""
        parts = torch.split(chips_BCHW, EMBEDDING_BATCH)
        return torch.cat([self.project_images(self.encode_images(part)) for part in parts])

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Give unit vectors (B, E) of captions, for retrieval."""
        ids = self.tokenizer.batch(texts, self.config.text.max_length).to(self.words.weight.device)
        return torch.cat([self.project_texts(self.encode_texts(part)) for part in torch.split(ids, EMBEDDING_BATCH)])


def save_klip(klip: Klip, folder: Path) -> None:
    """Write a model folder: weights, configuration and tokenizer."""
    save_weights(klip, folder, klip.config.model_dump_json(indent=2))
    klip.tokenizer.save(folder)


def load_klip(folder: Path) -> tuple[Klip, CaptionTokenizer]:
    """Read a model folder; the network is on the CPU and in evaluation mode.

    Raises:
        BadModelConfig: config.json or tokenizer.json is missing, damaged, or they do not belong together.
        BadWeights: the weights are not exactly those of this configuration.
    """
    config = load_config(folder, KlipConfig)
    tokenizer = load_tokenizer(folder)
    if tokenizer.vocabulary_size != config.vocabulary_size:
        problem = f"vocabulary_size is {config.vocabulary_size}, but the tokenizer holds {tokenizer.vocabulary_size}"
        raise BadModelConfig(folder / CONFIG_FILE, problem)
    klip = Klip(config, tokenizer)
    load_weights(klip, folder)
    return klip.eval(), tokenizer
