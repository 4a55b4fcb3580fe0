"""Greedy answers in batches with a key-value cache; finished answers leave the batch.

transformers' `generate` keeps finished rows to the end and takes sampling settings from the base model's folder (Qwen's
repetition_penalty of 1.05 spoils lists of similar boxes); this loop is greedy, plain and the same for every base.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPooling

from components.networks.chat import PADDING, Row, attention_mask
from components.networks.qwen import ModulatedQwen


@dataclass(frozen=True)
class Prompt:
    """One question that waits for its answer.

    Attributes:
        row: opening and one open branch, L places.
        positions: M-RoPE positions of the row, (3, L).
        image: modulated tokens of the chip, (N, width).
    """

    row: Row
    positions: torch.Tensor
    image: torch.Tensor


@dataclass(frozen=True)
class Stop:
    """When an answer ends: at the token `end`, or after `longest` tokens; `pad` fills shorter prompts."""

    end: int
    pad: int
    longest: int


@torch.inference_mode()
def greedy(network: ModulatedQwen, prompts: Sequence[Prompt], stop: Stop) -> list[list[int]]:
    """Give the likeliest next token until each answer ends; the end token is left out."""
    answers: list[list[int]] = [[] for _ in prompts]
    if not prompts or stop.longest < 1:
        return answers
    device = network.device
    cache = DynamicCache(config=network.config.text_config)
    ids, branches, positions = (tensor.to(device) for tensor in _left_padded(prompts, stop.pad))
    images = BaseModelOutputWithPooling(pooler_output=tuple(prompt.image for prompt in prompts))
    hidden = network.model(
        input_ids=ids,
        attention_mask=attention_mask(branches),
        position_ids=positions,
        mm_encoder_outputs={"image": images},
        cache=cache,
        use_cache=True,
    ).last_hidden_state
    seen, following = branches != PADDING, positions.amax(dim=(0, 2)) + 1
    rows = list(range(len(prompts)))
    for step in range(stop.longest):
        tokens = network.lm_head(hidden[:, -1]).float().argmax(dim=-1)
        going = [place for place, token in enumerate(tokens.tolist()) if token != stop.end]
        for place in going:
            answers[rows[place]].append(int(tokens[place]))
        if not going or step + 1 == stop.longest:
            break
        if len(going) < len(rows):
            kept = torch.tensor(going, device=device)
            cache.batch_select_indices(kept)
            tokens, seen, following = tokens[kept], seen[kept], following[kept]
            rows = [rows[place] for place in going]
        seen = torch.cat([seen, torch.ones_like(seen[:, :1])], dim=1)
        hidden = network.model(
            input_ids=tokens[:, None],
            attention_mask=seen[:, None, None, :],
            position_ids=following.expand(3, -1)[:, :, None],
            cache=cache,
            use_cache=True,
        ).last_hidden_state
        following = following + 1
    return answers


def _left_padded(prompts: Sequence[Prompt], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(prompt.row.ids) for prompt in prompts)
    ids = torch.full((len(prompts), longest), pad)
    branches = torch.full((len(prompts), longest), PADDING)
    positions = torch.zeros(3, len(prompts), longest, dtype=torch.long)
    for place, prompt in enumerate(prompts):
        length = len(prompt.row.ids)
        ids[place, longest - length :] = prompt.row.ids
        branches[place, longest - length :] = prompt.row.branches
        positions[:, place, longest - length :] = prompt.positions
    return ids, branches, positions
