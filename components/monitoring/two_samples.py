"""Tests of two samples whose units are scenes: pixels and chips of one scene are alike and count as one.

A permutation test exchanges whole scenes between old and new, within their sensor, so that another mix of sensors is no
finding. Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), for the maximum mean discrepancy (MMD).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ks_2samp, mannwhitneyu

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_AT_ONCE: Final = 256  # exchanges in memory at once


@dataclass(frozen=True, eq=False)
class Stratum:
    """Scenes of one sensor: what was observed of each, (N, D), and which of them are new, (N,)."""

    values: Floats
    is_new: Flags


@dataclass(frozen=True)
class Exchanges:
    """How many random exchanges stand behind a permutation test, and the seed that draws them."""

    count: int
    seed: int


def shift_test(old: Floats, new: Floats) -> float:
    """The p-value of Mann and Whitney's test: does one sample lie higher? One value a scene, (N,) and (M,)."""
    return float(mannwhitneyu(old, new).pvalue)


def shape_test(old: Floats, new: Floats) -> float:
    """The p-value of Kolmogorov and Smirnov's test: is it one distribution? One value a scene, (N,) and (M,)."""
    return float(ks_2samp(old, new).pvalue)


def mmd_test(strata: Sequence[Stratum], exchanges: Exchanges) -> float:
    """The p-value of the MMD between new scenes and old ones, summed over sensors.

    The kernel is Gaussian, as wide as the median distance between the sensor's scenes.
    """
    kernels = [_kernel(stratum.values) for stratum in strata]
    return _permutation_p(strata, lambda place, chosen: _discrepancies(kernels[place], chosen), exchanges)


def counts_test(strata: Sequence[Stratum], exchanges: Exchanges) -> float:
    """The p-value of Pearson's chi-square between answers to new scenes and to old ones, summed over sensors.

    Args:
        strata: `values` says how often each of D answers was given to the chips of each scene.
        exchanges: of whole scenes, since a model answers the chips of one scene alike.
    """
    return _permutation_p(strata, lambda place, chosen: _chi_squares(strata[place].values, chosen), exchanges)


def _permutation_p(
    strata: Sequence[Stratum], statistic: Callable[[int, Floats], Floats], exchanges: Exchanges
) -> float:
    """Share of exchanges whose statistic is at least the real one's, the real one counted among them."""
    rng = np.random.default_rng(exchanges.seed)
    real = sum(float(statistic(i, stratum.is_new[None].astype(float))[0]) for i, stratum in enumerate(strata))
    at_least, left = 1, exchanges.count
    while left:
        some = min(left, _AT_ONCE)
        found = np.zeros(some)
        for i, stratum in enumerate(strata):
            flags = np.broadcast_to(stratum.is_new.astype(float), (some, len(stratum.is_new)))
            found += statistic(i, rng.permuted(flags, axis=1))
        # Rounding must not make the real arrangement, drawn again, smaller than itself.
        at_least += int((found >= real - 1e-9 * abs(real)).sum())
        left -= some
    return at_least / (exchanges.count + 1)


def _kernel(values: Floats) -> Floats:
    distances = squareform(pdist(values, "sqeuclidean"))
    others = distances[np.triu_indices(len(values), 1)]
    width = float(np.median(others)) if others.size else 0.0
    return np.asarray(np.exp(-distances / (width or 1.0)))


def _discrepancies(kernel: Floats, chosen: Floats) -> Floats:
    """Squared MMD times nm / (n + m) for each row of `chosen` (R, N), 1 where a scene counts as new; (R,)."""
    new = chosen.sum(axis=1, keepdims=True)
    old = chosen.shape[1] - new
    weights = chosen / new - (1 - chosen) / old
    squared = np.einsum("rn,rn->r", weights @ kernel, weights)
    return np.asarray(squared * (new * old / (new + old))[:, 0])


def _chi_squares(counts: Floats, chosen: Floats) -> Floats:
    """Pearson's chi-square of the 2 x D table of old and new for each row of `chosen` (R, N); (R,)."""
    total = counts.sum(axis=0)
    new = chosen @ counts
    found = np.zeros(len(chosen))
    for part in (new, total - new):
        expected = part.sum(axis=1, keepdims=True) * total / total.sum()
        gaps = (part - expected) ** 2
        found += np.divide(gaps, expected, out=np.zeros_like(gaps), where=expected > 0).sum(axis=1)
    return found
