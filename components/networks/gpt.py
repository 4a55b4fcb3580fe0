"""FUSAR-GPT: Qwen2.5-VL with AlphaEarth modulation, from a model folder to answers.

Legend of shape suffixes: B chips, P polarizations, H W pixels, G cells along one side of the merged grid.
"""

# ruff: noqa: N803 (shape suffixes are capitals)

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from components.networks.base import add_lora, load_base, lora_parameters
from components.networks.channels import normalise
from components.networks.chat import IMAGE, OPENING, SPECIALS, Chat, Row, describe_sensor
from components.networks.encoder_sizes import VisionConfig
from components.networks.errors import BadModelConfig
from components.networks.generation import Prompt, Stop, greedy
from components.networks.gpt_config import GptConfig
from components.networks.qwen import ModulatedQwen, small_qwen
from components.networks.request import Request, blocks
from components.networks.sizes import Part
from components.networks.tlm import Anchors, pack_anchors
from components.networks.vision import patchify
from components.networks.weights import load_config, load_weights, save_weights

TOKENIZER_FILE = "tokenizer.json"
ROWS_AT_ONCE = 128


class Gpt:
    """A Qwen2.5-VL with its tokenizer and settings.

    Attributes:
        config: what `config.json` says.
        network: the module; all weights are reached through it.
        chat: questions and answers as tokens.
    """

    def __init__(self, config: GptConfig, tokenizer: Tokenizer, network: ModulatedQwen | None = None) -> None:
        self.config = config
        self.chat = Chat(tokenizer)
        self.network = self._build() if network is None else network
        self.tlm = self.network.add_tlm(config.tlm)
        if config.lora is not None:
            add_lora(self.network, config.lora)
        self._rope = lru_cache(maxsize=1024)(self._opening_positions)

    def _build(self) -> ModulatedQwen:
        vision, language = self.config.vision, self.config.language
        if vision is None or language is None:
            raise BadModelConfig(Path("config.json"), "a base model has to be loaded before it is wrapped")
        specials = {token: self.chat.special(token) for token in SPECIALS}
        return small_qwen(vision, language, specials, self.chat.tokenizer.get_vocab_size())

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        device: torch.device = self.network.device
        return device

    @property
    def vision_size(self) -> VisionConfig:
        """Size of the tower in use."""
        if self.config.vision is not None:
            return self.config.vision
        base = self.network.config.vision_config
        return VisionConfig(
            patch_size=base.patch_size,
            merge_size=base.spatial_merge_size,
            window_size=base.window_size,
            full_attention_blocks=tuple(base.fullatt_block_indexes),
            width=base.hidden_size,
            depth=base.depth,
            heads=base.num_heads,
            mlp_width=base.intermediate_size,
            out_width=base.out_hidden_size,
        )

    def train_only(self, parts: Sequence[Part]) -> list[nn.Parameter]:
        """Freeze everything but these parts and give their parameters, in the order of their names."""
        owners = {
            "vision": self.network.model.visual,
            "tlm": self.tlm,
            "language": self.network.model.language_model,
        }
        self.network.requires_grad_(False)
        for part in parts:
            chosen = lora_parameters(self.network).values() if part == "lora" else owners[part].parameters()
            for parameter in chosen:
                parameter.requires_grad_(True)
        return [parameter for _, parameter in sorted(self.network.named_parameters()) if parameter.requires_grad]

    def autocast(self) -> AbstractContextManager[Any]:
        """bfloat16 where it is faster: on a GPU."""
        is_gpu = self.device.type == "cuda"
        return torch.autocast("cuda", dtype=torch.bfloat16) if is_gpu else nullcontext()

    def image_tokens(self, height: int, width: int) -> int:
        """Merged tokens of a chip of this size [pixel]."""
        rows, columns = self._grid(height, width)
        return rows * columns // self.vision_size.merge_size**2

    def _grid(self, height: int, width: int) -> tuple[int, int]:
        size, patch = self.config.image_size, self.vision_size.patch_size
        return (size or height) // patch, (size or width) // patch

    def see(self, planes_B2HW: torch.Tensor, anchors: Anchors) -> Any:
        """Encode chips and modulate their tokens.

        Args:
            planes_B2HW: uint8 co- and cross-polarised planes of `channels.select_planes`.
            anchors: AlphaEarth of the same chips.

        Returns:
            Qwen's image features; `pooler_output` is a tuple of (tokens, width), one a chip.

        Raises:
            BadChip: the size does not fit the tower's patches.
        """
        chips = normalise(planes_B2HW.to(self.device))
        if self.config.image_size is not None:
            side = (self.config.image_size, self.config.image_size)
            chips = nn.functional.interpolate(chips, size=side, mode="bicubic", align_corners=False)
        patches, grid_thw = patchify(chips, self.vision_size)
        frames = self.network.config.vision_config.temporal_patch_size
        if frames > 1:  # a still image fills each frame of a temporal patch; Qwen's order is channel, frame, pixel
            patches = (
                patches.view(len(patches), chips.shape[1], 1, -1).expand(-1, -1, frames, -1).reshape(len(patches), -1)
            )
        return self.network.model.get_image_features(
            patches, grid_thw, anchors=anchors.to(self.device), return_dict=True
        )

    def positions(self, row: Row, height: int, width: int) -> torch.Tensor:
        """M-RoPE positions of a row about a chip of this size, (3, L): every branch goes on where the opening ends."""
        length = int((row.branches == OPENING).sum())
        opening = self._rope(length, row.image_start, self._grid(height, width))
        counts = [int(count) for count in torch.unique_consecutive(row.branches, return_counts=True)[1][1:]]
        start = int(opening.max()) + 1
        branches = [torch.arange(start, start + count).expand(3, -1) for count in counts]
        return torch.cat([opening, *branches], dim=1)

    def _opening_positions(self, length: int, image_start: int, grid: tuple[int, int]) -> torch.Tensor:
        tokens = grid[0] * grid[1] // self.vision_size.merge_size**2
        kinds = torch.zeros(1, length, dtype=torch.int32)
        kinds[0, image_start : image_start + tokens] = 1
        ids = torch.where(kinds == 1, self.chat.special(IMAGE), 0).long()
        # Without mm_token_type_ids the places of an image silently become plain text positions.
        positions, _ = self.network.model.get_rope_index(
            ids, mm_token_type_ids=kinds, image_grid_thw=torch.tensor([[1, *grid]])
        )
        found: torch.Tensor = positions[:, 0]
        return found

    def answer(self, requests: Sequence[Request], max_new_tokens: int) -> list[str]:
        """Answer each request greedily: the likeliest token at each step, no sampling, no repetition penalty.

        Args:
            requests: any number, chips of any size that fits the patches; one chip may stand in many.
            max_new_tokens: longest answer [token]; a longer one is cut.

        Returns:
            One text per request, in their order.

        Raises:
            BadChip: planes, polarizations, size or AlphaEarth of a request do not suit the network.
        """
        self.network.eval()
        stop = Stop(self.chat.end, self.chat.pad, max_new_tokens)
        answers = [""] * len(requests)
        for chips in blocks(requests):
            # Prompts of like length stand together: less padding.
            prompts = sorted(self._prompts(requests, chips), key=lambda item: len(item[1].row.ids))
            for first in range(0, len(prompts), ROWS_AT_ONCE):
                batch = prompts[first : first + ROWS_AT_ONCE]
                with self.autocast():
                    found = greedy(self.network, [prompt for _, prompt in batch], stop)
                for (place, _), ids in zip(batch, found, strict=True):
                    answers[place] = self.chat.decode(ids)
        return answers

    @torch.inference_mode()
    def _prompts(self, requests: Sequence[Request], chips: list[list[int]]) -> list[tuple[int, Prompt]]:
        firsts = [requests[places[0]] for places in chips]
        planes = torch.stack([request.planes for request in firsts])
        anchors = pack_anchors([item.alphaearth for item in firsts], [item.alphaearth_valid for item in firsts])
        with self.autocast():
            images = self.see(planes, anchors).pooler_output
        prompts = []
        for places, image in zip(chips, images, strict=True):
            for place in places:
                request = requests[place]
                sensor = describe_sensor(request.polarizations, request.spacing_m)
                row = self.chat.row(sensor, len(image), [request.question])
                prompts.append((place, Prompt(row, self.positions(row, *request.size), image)))
        return prompts

    def save(self, folder: Path) -> None:
        """Write `model.safetensors`, `config.json` and `tokenizer.json`.

        Of a model on a pretrained base only the adapters and the modulation are written; the base is named.
        """
        save_weights(self._stored(), folder, self.config.model_dump_json(indent=2))
        (folder / TOKENIZER_FILE).write_text(self.chat.tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")

    def _stored(self) -> nn.Module:
        if self.config.base_model is None:
            return self.network
        lora = {name.replace(".", "/"): parameter for name, parameter in lora_parameters(self.network).items()}
        return nn.ModuleDict({"tlm": self.tlm, "lora": nn.ParameterDict(lora)})


def load_gpt(folder: Path) -> Gpt:
    """Load a model folder, on the GPU where there is one.

    Raises:
        BadModelConfig: config or tokenizer is missing, unreadable or of another format, or the base model has changed.
        BadWeights: a tensor is missing, unknown, of another shape or not finite.
    """
    config = load_config(folder, GptConfig)
    tokenizer = load_tokenizer(folder / TOKENIZER_FILE)
    network = None
    if config.base_model is not None:
        network, revision = load_base(config.base_model, config.base_revision)
        if revision != config.base_revision:
            raise BadModelConfig(
                folder / "config.json", f"base_model {config.base_model} is no longer {config.base_revision}"
            )
    gpt = Gpt(config, tokenizer, network)
    load_weights(gpt._stored(), folder)
    gpt.network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu")).eval()
    return gpt


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer with Qwen's special tokens.

    Raises:
        BadModelConfig: the file is missing, unreadable or lacks a special token.
    """
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises bare Exception on a damaged file
        raise BadModelConfig(path, f"cannot be read as a tokenizer ({error})") from error
    missing = [token for token in SPECIALS if tokenizer.token_to_id(token) is None]
    if missing:
        raise BadModelConfig(path, f"lacks the special tokens {', '.join(missing)}")
    return tokenizer
