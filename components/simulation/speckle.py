"""Fully developed speckle: multiplicative gamma noise by inverse transform, the same bytes everywhere."""

import functools

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

FloatArray = npt.NDArray[np.float64]
LEVELS = 1 << 16


@functools.cache
def speckle_table(looks: float) -> FloatArray:
    """Quantiles of the gamma distribution with shape `looks` and mean 1 at the middle of 65,536 equal probabilities.

    (65536,) float64, rounded to 1e-6, so that the last bits of a mathematical library decide nothing.
    """
    probability = (np.arange(LEVELS) + 0.5) / LEVELS
    quantiles: FloatArray = np.round(gammaincinv(looks, probability) / looks, 6)
    return quantiles


def draw_speckle(rng: np.random.Generator, looks: float, shape: tuple[int, int]) -> FloatArray:
    """Speckle intensity [1] of mean 1 and variance 1/looks, independent from pixel to pixel; of the shape asked.

    Source: multi-look intensity of fully developed speckle is gamma distributed (Oliver and Quegan, Understanding
    Synthetic Aperture Radar Images, 2004, section 4.3).
    """
    return speckle_table(looks)[rng.integers(0, LEVELS, size=shape, dtype=np.uint16)]
