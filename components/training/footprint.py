"""How much memory each process of a training needs; an estimate before anything is started."""

from dataclasses import dataclass
from typing import Final

from torch import nn

FLOAT32, BFLOAT16 = 4, 2
# AdamW keeps two averages of every trained parameter.
ADAMW_STATES: Final = 2
# Korthikanti et al. 2022 (arXiv:2205.05198), section 4.1: bytes of activations that a transformer layer keeps for each
# token and unit of width in 16 bits, the attention scores (which fused attention never stores) left out.
KEPT_PER_LAYER: Final = 34


@dataclass(frozen=True)
class Layers:
    """A stack of transformer layers as one process sees it in a step.

    Attributes:
        count: layers.
        width: of a hidden state.
        tokens: hidden states that go through each layer in one step, padding included.
    """

    count: int
    width: int
    tokens: int


@dataclass(frozen=True)
class Footprint:
    """Memory of one process [byte].

    Attributes:
        parameters: numbers of all weights; `trained` of those that learn.
        weights: bytes of all weights.
        gradients: of the trained ones, and once more what is averaged over the processes.
        optimiser: of the trained ones.
        activations: estimate of what a step keeps for its way back, logits included.
    """

    parameters: int
    trained: int
    weights: int
    gradients: int
    optimiser: int
    activations: int

    @property
    def total(self) -> int:
        """All of it [byte]; what the libraries themselves take on a device, about 1 GB, is not in it."""
        return self.weights + self.gradients + self.optimiser + self.activations


def footprint(module: nn.Module, layers: tuple[Layers, ...], logits: int, processes: int, on_gpus: bool) -> Footprint:
    """Memory of a training step.

    Args:
        module: on any device, `meta` too; what learns requires gradients.
        layers: what the step runs through.
        logits: numbers that the output layer makes in a step.
        processes: how many train together.
        on_gpus: whether each has a GPU, where hidden states have 16 bits.
    """
    parameters = {id(item): item for item in module.parameters()}.values()
    trained = sum(item.numel() for item in parameters if item.requires_grad)
    size = BFLOAT16 if on_gpus else FLOAT32
    kept = sum(stack.count * stack.width * stack.tokens * KEPT_PER_LAYER for stack in layers) * size // BFLOAT16
    return Footprint(
        parameters=sum(item.numel() for item in parameters),
        trained=trained,
        weights=sum(item.numel() * item.element_size() for item in parameters),
        gradients=trained * FLOAT32 * (2 if processes > 1 else 1),
        optimiser=trained * FLOAT32 * ADAMW_STATES,
        # The logits, their logarithms and their gradients, in float32 whatever the rest is in.
        activations=kept + 3 * logits * FLOAT32,
    )
