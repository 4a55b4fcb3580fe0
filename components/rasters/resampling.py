"""Pixels of another size: averages where they grow, bilinear where they hardly grow or shrink, never over nodata."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

# A pixel is one where at least half of what it covers was measured: nodata neither spreads nor is filled in.
_LEAST_VALID = 0.5
# A part of a source pixel counts as if it lay at that pixel's centre: an average is up to 0.08 pixels off; below, 0.12.
_AVERAGED_FROM = 1.25


@dataclass(frozen=True)
class Weights:
    """How source pixels along one axis make up n new ones.

    Attributes:
        start: first source pixel that is needed.
        stop: one behind the last.
        matrix: (n, stop - start), each row sums to 1.
    """

    start: int
    stop: int
    matrix: csr_matrix


def weights(first: int, last: int, step: float, length: int) -> Weights:
    """Weights of the new pixels first..last-1 (exclusive), each `step` source pixels long, on an axis of `length`.

    Where pixels grow (step >= 1.25) a source pixel weighs what the new one covers of it: an average by area. Otherwise
    the two source pixels around the new one's centre weigh by their distance: linear interpolation.
    """
    new = np.arange(first, last, dtype=np.float64)
    if step >= _AVERAGED_FROM:
        starts, stops = new * step, np.minimum((new + 1) * step, length)
        count = math.ceil(step) + 1
        sources = np.floor(starts)[:, None] + np.arange(count)
        shares = np.minimum(sources + 1, stops[:, None]) - np.maximum(sources, starts[:, None])
        shares = np.maximum(shares, 0)
    else:
        centres = np.clip((new + 0.5) * step - 0.5, 0, length - 1)
        sources = np.floor(centres)[:, None] + np.arange(2)
        nearness = centres - sources[:, 0]
        shares = np.stack([1 - nearness, nearness], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    used = shares > 0
    columns, rows = sources[used].astype(np.int64), np.nonzero(used)[0]
    start, stop = int(columns.min()), int(columns.max()) + 1
    shape = (last - first, stop - start)
    return Weights(start, stop, csr_matrix((shares[used], (rows, columns - start)), shape=shape))


def resample_power(power: npt.NDArray[np.float32], rows: Weights, cols: Weights) -> npt.NDArray[np.float32]:
    """Linear power (P, h, w), NaN = nodata, on the new pixels (P, n, m).

    Args:
        power: of the source rows and columns that the weights start and stop at.
        rows: weights of the new rows.
        cols: weights of the new columns.
    """
    valid = ~np.isnan(power)
    sums = _weighted(np.where(valid, power, 0), rows, cols)
    shares = _weighted(valid, rows, cols)
    with np.errstate(invalid="ignore"):
        return np.where(shares >= _LEAST_VALID, sums / shares, np.nan).astype(np.float32)


def resample_classes(
    codes: npt.NDArray[np.uint8], classes: tuple[int, ...], rows: Weights, cols: Weights
) -> npt.NDArray[np.uint8]:
    """Class codes (h, w) on the new pixels (n, m): the class that covers most of each; 0 where most is unknown.

    Args:
        codes: of the source rows and columns that the weights start and stop at; 0 is unknown.
        classes: the codes with a meaning, without 0; of two that cover the same, the first wins.
        rows: weights of the new rows.
        cols: weights of the new columns.
    """
    shares = _weighted(codes[None] == np.array(classes, np.uint8)[:, None, None], rows, cols)
    # Rounded, so that equal areas tie although their sums were formed in another order.
    most = np.array(classes, np.uint8)[shares.round(9).argmax(axis=0)]
    return np.where(shares.sum(axis=0).round(9) >= _LEAST_VALID, most, 0).astype(np.uint8)


def _weighted(planes: npt.NDArray[np.generic], rows: Weights, cols: Weights) -> npt.NDArray[np.float64]:
    return np.stack([(cols.matrix @ (rows.matrix @ plane.astype(np.float64)).T).T for plane in planes])
