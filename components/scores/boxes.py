"""Matching of answered boxes to true boxes, and the counts that F1 is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Box:
    """A labelled axis-aligned box (x0, y0, x1, y1) in any one pixel frame; x0 < x1 and y0 < y1."""

    label: str
    corners: tuple[float, float, float, float]


@dataclass(frozen=True)
class Matches:
    """Counts of one chip: boxes answered and true, and pairs matched one to one."""

    matched: int
    answered: int
    true: int

    @property
    def f1(self) -> float:
        """F1 = 2 matched / (answered + true); 1 where nothing is there and nothing was answered."""
        total = self.answered + self.true
        return 1.0 if total == 0 else 2 * self.matched / total


def overlaps(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """Intersection over union [0..1] of every box with every other, (len(first), len(second)); 0 across labels."""
    if not first or not second:
        return np.zeros((len(first), len(second)))
    a = np.array([box.corners for box in first], dtype=np.float64)[:, None]
    b = np.array([box.corners for box in second], dtype=np.float64)[None]
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    common = sides[..., 0] * sides[..., 1]
    union = _area(a) + _area(b) - common
    same = np.array([box.label for box in first])[:, None] == np.array([box.label for box in second])[None]
    return np.where(same, common / union, 0.0)


def match(answered: Sequence[Box], true: Sequence[Box], least_iou: float) -> Matches:
    """Match boxes of equal label greedily one to one, best overlap first, down to `least_iou` (paper sheet 6.4)."""
    table = overlaps(answered, true)
    matched = 0
    while table.size and table.max() >= least_iou:
        row, column = np.unravel_index(int(table.argmax()), table.shape)
        table[row, :] = -1.0
        table[:, column] = -1.0
        matched += 1
    return Matches(matched, len(answered), len(true))


def _area(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((corners[..., 2] - corners[..., 0]) * (corners[..., 3] - corners[..., 1]))
