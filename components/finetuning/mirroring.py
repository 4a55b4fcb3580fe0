"""Mirrored chips: each chip stands for four, with its labels and words mirrored alike.

A mirrored SAR chip looks to the other side: what an ascending pass sees from the west, a descending one sees from the
east, so the mirror image along the rows is one that exists; along the columns it is an approximation.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from components.tasks import ChipTruth, LabelledObject

_LEFT_RIGHT = {"left": "right", "right": "left", "leftward": "rightward", "rightward": "leftward"}
_UP_DOWN = {"upper": "lower", "lower": "upper", "upward": "downward", "downward": "upward"}
Cells = TypeVar("Cells", bound=np.generic)


@dataclass(frozen=True)
class Mirror:
    """Which sides change places."""

    left_right: bool
    up_down: bool

    def planes(self, planes: torch.Tensor) -> torch.Tensor:
        """Mirror the last two axes of (..., H, W): rows and columns; the shape stays."""
        return torch.flip(planes, [axis for axis, flips in ((-2, self.up_down), (-1, self.left_right)) if flips])

    def grid(self, grid: npt.NDArray[Cells]) -> npt.NDArray[Cells]:
        """Mirror the first two axes of (G, G, ...): rows and columns; the shape stays."""
        rows, columns = (slice(None, None, -1 if flips else 1) for flips in (self.up_down, self.left_right))
        return grid[rows, columns]

    def words(self, text: str, separator: str = " ") -> str:
        """Mirror the words for sides in a caption, or in a code with `_` between its words."""
        swaps = {**(_LEFT_RIGHT if self.left_right else {}), **(_UP_DOWN if self.up_down else {})}
        return separator.join(swaps.get(word, word) for word in text.split(separator))

    def truth(self, truth: ChipTruth) -> ChipTruth:
        """Mirror all labels of a chip."""
        objects, clauses = truth.objects, truth.clauses
        return replace(
            truth,
            objects=None if objects is None else tuple(self._object(item, truth) for item in objects),
            land_cover=None if truth.land_cover is None else self.grid(truth.land_cover),
            clauses=None if clauses is None else {name: self.words(code, "_") for name, code in clauses.items()},
        )

    def _object(self, item: LabelledObject, truth: ChipTruth) -> LabelledObject:
        x0, y0, x1, y1 = item.box
        if self.left_right:
            x0, x1 = truth.width - x1, truth.width - x0
        if self.up_down:
            y0, y1 = truth.height - y1, truth.height - y0
        return replace(item, box=(x0, y0, x1, y1))


AS_IS = Mirror(left_right=False, up_down=False)
