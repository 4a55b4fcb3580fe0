"""How well a score tells wrong from right: the area under the ROC curve, with an interval over places."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.scores.bootstrap import Estimate, Floats, Resampling, draw_places, interval

# Draws weighed at once: bounds the memory at 64 weights an item.
_DRAWS_AT_ONCE = 64


def auroc(scores: npt.ArrayLike, is_positive: npt.ArrayLike, places: Sequence[str], resampling: Resampling) -> Estimate:
    """Chance that a positive item scores higher than a negative one, ties counting half (Mann-Whitney).

    Args:
        scores: higher = more likely positive, (N,); infinities are ranks like any other.
        is_positive: (N,) bool.
        places: the place of each item, N names; whole places are drawn.
        resampling: draws and seed.

    Returns:
        The area [0..1] with its 95 % interval; NaN without a positive or without a negative item.
    """
    positive = np.asarray(is_positive, dtype=bool)
    # Equal scores share a rank: items are counted by rank, which is all that the area depends on.
    ranks = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)[1]
    names, index = np.unique(np.asarray(places, dtype=str), return_inverse=True)
    order = np.argsort(ranks, kind="stable")
    positive, index = positive[order], index[order]
    starts = np.flatnonzero(np.diff(ranks[order], prepend=-1))
    value = float(_areas(np.ones((1, len(order))), positive, starts)[0]) if len(order) else float("nan")
    if len(names) < 2:
        return Estimate(value, float("nan"), float("nan"), len(order), len(names))
    counts = draw_places(len(names), resampling)
    parts = [counts[first : first + _DRAWS_AT_ONCE] for first in range(0, len(counts), _DRAWS_AT_ONCE)]
    drawn = np.concatenate([_areas(part[:, index], positive, starts) for part in parts])
    return Estimate(value, *interval(drawn), len(order), len(names))


def _areas(weights: Floats, positive: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp]) -> Floats:
    # weights (draws, items in order of rank); starts = first item of each rank.
    above = np.add.reduceat(weights * positive, starts, axis=1)
    below = np.add.reduceat(weights * ~positive, starts, axis=1)
    won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(won / (above.sum(axis=1) * below.sum(axis=1)))
