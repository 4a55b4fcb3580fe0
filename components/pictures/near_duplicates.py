"""Chips that show the same measurement: copies, mirrored, turned, shifted by a few pixels or made noisier.

Two questions, the cheap one first. A perceptual hash, the signs of the lowest frequencies, names candidates: at most
`MOST_BITS` of its `BITS` bits may differ, in one of eight orientations or eight shifts. Then the grain is compared,
which two coasts or two harbours do not share however alike they lie: the correlation of the signs of what is finer than
three pixels must reach `LEAST_GRAIN` somewhere within `REACH` pixels, and stand out there: two straight coasts
correlate wherever one is moved along the other. Another acquisition of the same ground has another speckle and may not
be found here: the rule that splits go by place keeps it away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter1d

from components.pictures.hashing import (
    ORIENTATIONS,
    Floats,
    Images,
    Words,
    candidates,
    frequencies,
    hashes,
    orientations,
    turned,
)

SIDE: Final = 64  # pixels that a chip is reduced to, at least; a smaller chip keeps its own
LEAST_GRAIN: Final = 0.3
SHIFT: Final = 3  # pixels between the shifts that are tried; the hash itself forgives one
REACH: Final = 5
_STANDS_OUT: Final = 0.15  # of what is left to 1 above the highest at larger shifts: 0 of unlike pairs, but for noise
_FLAT: Final = 1e-3  # codes; less is rounding, and an even chip has no grain
_FINE, _COARSE = 1.0, 3.0  # sigmas [pixel] between which the grain lies
_PAIRS: Final = 512  # candidates whose grain is compared at once
_SHIFTS: Final = tuple((down, across) for down in (-SHIFT, 0, SHIFT) for across in (-SHIFT, 0, SHIFT) if down or across)


@dataclass(frozen=True)
class Pair:
    """A near-duplicate: places of two chips in their tables, differing bits [0..BITS], correlation of grain [0..1]."""

    left: int
    right: int
    bits: int
    grain: float


def picture(backscatter: npt.NDArray[np.uint8]) -> Images:
    """One plane per chip: the mean over polarisations, reduced by whole blocks to `SIDE` or little more.

    Args:
        backscatter: (N, P, H, W) codes of dB or amplitude, 0 is no data.

    Returns:
        (N, h, w), no data filled with the chip's mean.
    """
    planes = backscatter.astype(np.float32)
    known = planes > 0
    mean = planes.sum((1, 2, 3)) / np.maximum(known.sum((1, 2, 3)), 1)
    whole = np.where(known, planes, mean[:, None, None, None]).mean(1)
    factor = max(1, min(whole.shape[1:]) // SIDE)
    height, width = (length // factor for length in whole.shape[1:])
    blocks = whole[:, : height * factor, : width * factor].reshape(-1, height, factor, width, factor)
    return np.asarray(np.rint(blocks.mean((2, 4))), np.uint8)


def near_duplicates(left: Images, right: Images) -> list[Pair]:
    """All pairs of a left and a right chip that show the same measurement, sorted by their places.

    Args:
        left: (N, h, w) pictures; each is tried in all orientations and shifts.
        right: (M, h, w) pictures, of the same size.
    """
    if not (len(left) and len(right)):
        return []
    stored, found = hashes(frequencies(right)), dict[tuple[int, int], Pair]()
    for turn, query in enumerate(_queries(left)):
        all_pairs, all_bits = candidates(query, stored)
        for start in range(0, len(all_pairs), _PAIRS):
            pairs, bits = all_pairs[start : start + _PAIRS], all_bits[start : start + _PAIRS]
            shared = grain(_as_query(left[pairs[:, 0]], turn), right[pairs[:, 1]])
            for (i, j), count, correlation in zip(pairs, bits, shared, strict=True):
                known = found.get((i, j))
                if correlation >= LEAST_GRAIN and (known is None or correlation > known.grain):
                    found[i, j] = Pair(int(i), int(j), int(count), float(correlation))
    return [found[key] for key in sorted(found)]


def _queries(images: Images) -> Iterator[Words]:
    """Hashes of the pictures in every orientation, then shifted."""
    yield from orientations(frequencies(images))
    for turn in range(ORIENTATIONS, ORIENTATIONS + len(_SHIFTS)):
        yield hashes(frequencies(_as_query(images, turn)))


def _as_query(images: Images, turn: int) -> Images:
    """Pictures as the query of this number has them."""
    if turn < ORIENTATIONS:
        return turned(images, turn)
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="reflect")
    down, across = _SHIFTS[turn - ORIENTATIONS]
    return padded[:, SHIFT + down : SHIFT + down + height, SHIFT + across : SHIFT + across + width]


def grain(left: Images, right: Images) -> Floats:
    """(K) highest correlation of the signs of the grain within `REACH` pixels; 0 where it stands out from none."""
    shape = left.shape[1:]
    spectra = [rfft2(_signs(images)) for images in (left, right)]
    found = irfft2(spectra[0] * np.conj(spectra[1]), s=shape) / (shape[0] * shape[1])
    is_near = np.zeros(shape, bool)
    is_near[np.ix_(*(np.r_[-REACH : REACH + 1] % side for side in shape))] = True
    best, elsewhere = found[:, is_near].max(1), found[:, ~is_near].max(1, initial=-1.0)
    is_alone = best - elsewhere >= _STANDS_OUT * np.maximum(1 - elsewhere, 0.1)
    return np.asarray(np.where(is_alone, best, 0), np.float32)


def _signs(images: Images) -> Floats:
    values = images.astype(np.float32)
    fine, coarse = (_blurred(values, sigma) for sigma in (_FINE, _COARSE))
    grain = fine - coarse
    return np.asarray(np.sign(np.where(np.abs(grain) < _FLAT, 0, grain)), np.float32)


def _blurred(values: Floats, sigma: float) -> Floats:
    """A Gaussian filter as two products of matrices: ten times as quick for small pictures."""
    down, across = (gaussian_filter1d(np.eye(side, dtype=np.float32), sigma, axis=0) for side in values.shape[1:])
    return np.asarray(down @ values @ across.T, np.float32)
