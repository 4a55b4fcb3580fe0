"""Token-wise linear modulation: AlphaEarth vectors scale and shift the visual tokens around them.

FUSAR-GPT's third input (papers/fusar-gpt.md sections 2.5 and 6.2, with the repairs of section 5). Legend of shape
suffixes: S anchors of all chips, B chips, N merged tokens, P patches, C width of a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from components.networks.errors import BadChip
from components.networks.sizes import TlmConfig

VECTOR = 64
Grid = tuple[int, int]


@dataclass(frozen=True)
class Anchors:
    """AlphaEarth anchors of a batch, packed chip after chip; a chip may have none.

    Attributes:
        vectors: (S, 64) float32, unit length; a row whose anchor is not valid is never read.
        positions: (S, 2) float32, row and column as a share [0..1] of the chip: the centre of pixel r of H is (r+.5)/H.
        valid: (S,) bool; an invalid anchor takes its share of the Gaussian and gives nothing.
        offsets: B + 1 numbers; chip b owns the rows offsets[b] to offsets[b + 1].
    """

    vectors: torch.Tensor
    positions: torch.Tensor
    valid: torch.Tensor
    offsets: tuple[int, ...]

    def to(self, device: torch.device) -> "Anchors":
        """Give the same anchors on a device."""
        return Anchors(self.vectors.to(device), self.positions.to(device), self.valid.to(device), self.offsets)


def pack_anchors(
    vectors: Sequence[npt.NDArray[np.float32] | None], valid: Sequence[npt.NDArray[np.bool_] | None]
) -> Anchors:
    """Pack chips' AlphaEarth grids, one anchor per cell, each at the centre of its cell.

    Args:
        vectors: for each chip (G, G', 64), or None where there is no AlphaEarth.
        valid: for each chip (G, G'), or None where every cell is valid.

    Raises:
        BadChip: a grid has not 64 bands, its mask has another shape, or a valid cell is not finite.
    """
    parts = [_grid_anchors(grid, mask) for grid, mask in zip(vectors, valid, strict=True) if grid is not None]
    counts = [0 if grid is None else grid.shape[0] * grid.shape[1] for grid in vectors]
    offsets = tuple(int(end) for end in np.cumsum([0, *counts]))
    if not parts:
        return Anchors(torch.zeros(0, VECTOR), torch.zeros(0, 2), torch.zeros(0, dtype=torch.bool), offsets)
    packed = [torch.from_numpy(np.concatenate(part)) for part in zip(*parts, strict=True)]
    return Anchors(packed[0], packed[1], packed[2], offsets)


def _grid_anchors(
    grid: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_] | None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    if grid.ndim != 3 or grid.shape[2] != VECTOR:
        raise BadChip(f"AlphaEarth has shape {grid.shape}, not (rows, columns, {VECTOR})")
    rows, columns = grid.shape[:2]
    mask = np.ones((rows, columns), dtype=bool) if mask is None else mask.astype(bool)
    if mask.shape != (rows, columns):
        raise BadChip(f"AlphaEarth of {rows}x{columns} cells has a mask of shape {mask.shape}")
    if not np.isfinite(grid[mask]).all():
        raise BadChip("a valid AlphaEarth cell holds a value that is not finite")
    centres = np.stack(np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij"))
    positions = np.ascontiguousarray(centres.reshape(2, -1).T.astype(np.float32))
    return grid.reshape(-1, VECTOR).astype(np.float32), positions, mask.reshape(-1)


def mixing_weights(positions: torch.Tensor, valid: torch.Tensor, grid: Grid, merge: int, sigma: float) -> torch.Tensor:
    """Weigh each anchor for each merged token: coverage times the normalised Gaussian.

    On the patch grid the weight of an anchor is k·m / Σk, which is the Gaussian normalised over the valid anchors times
    the coverage c = Σk·m / Σk; a merged token takes the mean of its patches, which equals section 2.5's resize exactly.

    Args:
        positions: (S, 2) of one chip, as in `Anchors`.
        valid: (S,) bool.
        grid: rows and columns of patches.
        merge: patches along one side of a merged token.
        sigma: standard deviation [patch].

    Returns:
        (S, N) float32 in row-major order of the merged grid; a column sums to the token's coverage, in [0, 1].
    """
    size = torch.tensor(grid, dtype=torch.float32, device=positions.device)
    centres = positions.float() * size - 0.5
    rows = torch.arange(grid[0], dtype=torch.float32, device=positions.device)
    columns = torch.arange(grid[1], dtype=torch.float32, device=positions.device)
    squares = (rows[None, :] - centres[:, :1]).square()[:, :, None] + (columns - centres[:, 1:]).square()[:, None, :]
    # A softmax over the anchors is the normalised Gaussian without the 1e-6 that lets far tokens fade out unseen.
    weights = torch.softmax(-squares / (2 * sigma**2), dim=0) * valid[:, None, None]
    pooled = nn.functional.avg_pool2d(weights[:, None], merge)
    return pooled.flatten(1)


class Tlm(nn.Module):
    """Modulate packed visual tokens by the AlphaEarth anchors of their chips: x + (x·gamma + beta)."""

    def __init__(self, config: TlmConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.inner = nn.Linear(VECTOR, config.hidden)
        self.outer = nn.Linear(config.hidden, 2 * width)
        self.reset()

    def reset(self) -> None:
        """Start as the identity: the last layer is zero, so training starts at exactly the model without AlphaEarth."""
        # Unit-length vectors have components near 1/8: std 1 gives the hidden layer inputs of unit spread.
        nn.init.normal_(self.inner.weight, std=1.0)
        nn.init.zeros_(self.inner.bias)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(
        self, tokens: Sequence[torch.Tensor], grids: Sequence[Grid], merge: int, anchors: Anchors
    ) -> list[torch.Tensor]:
        """Give the modulated tokens of each chip.

        Args:
            tokens: for each chip its merged tokens, (N, C), row by row from the upper left.
            grids: for each chip its rows and columns of patches; N = rows * columns / merge^2.
            merge: patches along one side of a merged token.
            anchors: of the same chips.

        Returns:
            Tensors of the same shapes and types; a chip without a valid anchor gets its own tensor back, bit for bit.
        """
        valid = anchors.valid.nonzero().squeeze(1)
        fields = self.outer(nn.functional.silu(self.inner(anchors.vectors[valid]))).float()
        ends = np.searchsorted(valid.cpu().numpy(), anchors.offsets)
        modulated = []
        for chip, (x, grid) in enumerate(zip(tokens, grids, strict=True)):
            rows = slice(anchors.offsets[chip], anchors.offsets[chip + 1])
            if ends[chip] == ends[chip + 1]:
                # x·(1+0)+0 would turn -0.0 into +0.0: skip, don't multiply.
                modulated.append(x)
                continue
            mask = anchors.valid[rows]
            weights = mixing_weights(anchors.positions[rows], mask, grid, merge, self.config.sigma_cells * merge)
            # In bfloat16 a gamma under 0.004 would vanish in 1 + gamma: compute in float32, cast once.
            with torch.autocast(x.device.type, enabled=False):
                gamma, beta = (weights[mask].T @ fields[ends[chip] : ends[chip + 1]]).chunk(2, dim=-1)
                exact = x.float()
                modulated.append((exact + (exact * gamma + beta)).to(x.dtype))
        return modulated
