"""Means with 95 % intervals over places: chips of one place are alike, so whole places are drawn, never chips.

Percentile bootstrap over clusters: P places are drawn P times with replacement, `draws` times; the interval runs from
the 2.5th to the 97.5th percentile of the drawn values. With one place there is no interval (both ends NaN).
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; clusters as in Davison and Hinkley,
Bootstrap Methods and their Application (1997), section 3.8.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Resampling:
    """How often places are drawn, and the seed that draws them."""

    draws: int
    seed: int


@dataclass(frozen=True)
class Estimate:
    """A value, the ends of its 95 % interval over places, and how many items at how many places it rests on."""

    value: float
    low: float
    high: float
    n: int
    places: int


def mean(values: npt.ArrayLike, places: Sequence[str], resampling: Resampling) -> Estimate:
    """Mean of items with its interval over places.

    Args:
        values: one number an item, (N,).
        places: the place of each item, N names.
        resampling: draws and seed; equal seeds draw the same places for equal sets of places.
    """
    found = np.asarray(values, dtype=np.float64)
    return ratio(found, np.ones_like(found), places, resampling)


def difference(first: npt.ArrayLike, second: npt.ArrayLike, places: Sequence[str], resampling: Resampling) -> Estimate:
    """Mean of first minus second on the same items, with its interval over places (paired)."""
    return mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), places, resampling)


def ratio(
    numerators: npt.ArrayLike, denominators: npt.ArrayLike, places: Sequence[str], resampling: Resampling
) -> Estimate:
    """Sum of numerators over sum of denominators, as for a micro F1, with its interval over places; NaN of nothing."""
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    names, index = np.unique(np.asarray(places, dtype=str), return_inverse=True)
    sums = np.stack([np.bincount(index, weights=part, minlength=len(names)) for part in (above, below)])
    value = float(above.sum() / below.sum()) if below.sum() else float("nan")
    drawn = sums @ draw_places(len(names), resampling).T if len(names) > 1 else np.zeros((2, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval(drawn[0] / drawn[1])
    return Estimate(value, low, high, len(above), len(names))


def draw_places(places: int, resampling: Resampling) -> Floats:
    """How often each place is in each draw, (draws, places); each row sums to the number of places."""
    rng = np.random.default_rng(resampling.seed)
    return rng.multinomial(places, np.full(places, 1 / places), size=resampling.draws).astype(np.float64)


def interval(drawn: Floats) -> tuple[float, float]:
    """2.5th and 97.5th percentile of drawn values; draws without a value (NaN) are left out."""
    known = drawn[np.isfinite(drawn)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.percentile(known, PERCENTILES)
    return float(low), float(high)
