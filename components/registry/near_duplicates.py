"""Chips that show the same measurement: copies, mirrored, turned, shifted by a few pixels or made noisier.

Two questions, the cheap one first. A perceptual hash, the signs of the lowest frequencies, names candidates: at most
`MOST_BITS` of its `BITS` bits may differ, in one of eight orientations or eight shifts. Then the grain is compared,
which two coasts or two harbours do not share however alike they lie: the correlation of the signs of what is finer than
three pixels must reach `LEAST_GRAIN` somewhere within `REACH` pixels. Another acquisition of the same ground has
another speckle and may not be found here: the rule that splits go by place keeps it away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import dct, irfft2, rfft2
from scipy.ndimage import gaussian_filter1d

Floats = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

SIDE: Final = 64  # pixels that a chip is reduced to, at least; a smaller chip keeps its own
LOWEST: Final = 12  # frequencies along each side
BITS: Final = LOWEST * LOWEST - 1  # all but the mean
MOST_BITS: Final = 43  # 30 %
MOST_LOWEST_BITS: Final = 20  # of the first 64: they are looked at alone, for all pairs
LEAST_GRAIN: Final = 0.3
SHIFT: Final = 3  # pixels between the shifts that are tried; the hash itself forgives one
REACH: Final = 5
_FLAT: Final = 1e-3  # codes; less is rounding, and an even chip has no grain
_FINE, _COARSE = 1.0, 3.0  # sigmas [pixel] between which the grain lies
_ORIENTATIONS: Final = 8
_ROWS, _COLS = 64, 8192  # hashes compared at once: all their words stay in a processor's cache
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
    stored, found = _hashes(_frequencies(right)), dict[tuple[int, int], Pair]()
    for turn, query in enumerate(_queries(left)):
        all_pairs, all_bits = _candidates(query, stored)
        for start in range(0, len(all_pairs), _PAIRS):
            pairs, bits = all_pairs[start : start + _PAIRS], all_bits[start : start + _PAIRS]
            turned = _turned(left[pairs[:, 0]], turn)
            for (i, j), count, grain in zip(pairs, bits, _grain(turned, right[pairs[:, 1]]), strict=True):
                known = found.get((i, j))
                if grain >= LEAST_GRAIN and (known is None or grain > known.grain):
                    found[i, j] = Pair(int(i), int(j), int(count), float(grain))
    return [found[key] for key in sorted(found)]


def _frequencies(images: Images) -> Floats:
    """(N, LOWEST, LOWEST) lowest coefficients of the cosine transform; the mean is taken out."""
    down, across = (dct(np.eye(side, dtype=np.float32), axis=0, norm="ortho")[:LOWEST] for side in images.shape[1:])
    parts = [
        down @ part.astype(np.float32) @ across.T for part in np.array_split(images, max(1, len(images) // _PAIRS))
    ]
    return np.concatenate(parts)


def _hashes(frequencies: Floats) -> Words:
    """(N, 3) words of sign bits, the lowest frequencies first."""
    rows, cols = np.divmod(np.arange(LOWEST * LOWEST), LOWEST)
    order = np.argsort(np.maximum(rows, cols), kind="stable")[1:]
    bits = np.zeros((len(frequencies), 192), np.uint8)
    bits[:, :BITS] = frequencies.reshape(len(frequencies), -1)[:, order] > 0
    return np.packbits(bits, axis=1).view(np.uint64)


def _queries(images: Images) -> Iterator[Words]:
    """Hashes of the pictures in every orientation, then shifted; a mirror image only changes signs."""
    frequencies = _frequencies(images)
    signs = np.where(np.arange(LOWEST) % 2, -1, 1).astype(np.float32)
    for turned in (frequencies, frequencies.transpose(0, 2, 1)):
        for down in (1, signs[:, None]):
            for across in (1, signs[None]):
                yield _hashes(turned * down * across)
    for turn in range(_ORIENTATIONS, _ORIENTATIONS + len(_SHIFTS)):
        yield _hashes(_frequencies(_turned(images, turn)))


def _turned(images: Images, turn: int) -> Images:
    """Pictures as the query of this number has them."""
    if turn >= _ORIENTATIONS:
        height, width = images.shape[1:]
        padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="reflect")
        down, across = _SHIFTS[turn - _ORIENTATIONS]
        return padded[:, SHIFT + down : SHIFT + down + height, SHIFT + across : SHIFT + across + width]
    turned = images.transpose(0, 2, 1) if turn >= 4 else images
    return turned[:, :: -1 if turn & 2 else 1, :: -1 if turn & 1 else 1]


def _candidates(queries: Words, stored: Words) -> tuple[Counts, Counts]:
    """Pairs (K, 2) whose hashes are near, and how many of their bits differ (K)."""
    lowest = np.ascontiguousarray(stored[:, 0])
    found, counted = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    for row, col in product(range(0, len(queries), _ROWS), range(0, len(stored), _COLS)):
        block, others = queries[row : row + _ROWS, :1], lowest[col : col + _COLS]
        # One long row: NumPy finds what is true in it several times faster than in a table.
        places = np.flatnonzero((np.bitwise_count(block ^ others) <= MOST_LOWEST_BITS).ravel())
        rows, cols = np.divmod(places, len(others))
        near = np.stack([rows + row, cols + col], axis=1)
        bits = np.bitwise_count(queries[near[:, 0]] ^ stored[near[:, 1]]).sum(1, dtype=np.int64)
        found.append(near[bits <= MOST_BITS])
        counted.append(bits[bits <= MOST_BITS])
    return np.concatenate(found), np.concatenate(counted)


def _grain(left: Images, right: Images) -> Floats:
    """(K) highest correlation of the signs of the grain, over shifts of up to `REACH` pixels."""
    shape = left.shape[1:]
    spectra = [rfft2(_signs(images)) for images in (left, right)]
    found = irfft2(spectra[0] * np.conj(spectra[1]), s=shape)
    near = np.r_[-REACH : REACH + 1]
    best = found[:, near][:, :, near].max((1, 2)) / (shape[0] * shape[1])
    return np.asarray(best, np.float32)


def _signs(images: Images) -> Floats:
    values = images.astype(np.float32)
    fine, coarse = (_blurred(values, sigma) for sigma in (_FINE, _COARSE))
    grain = fine - coarse
    return np.asarray(np.sign(np.where(np.abs(grain) < _FLAT, 0, grain)), np.float32)


def _blurred(values: Floats, sigma: float) -> Floats:
    """A Gaussian filter as two products of matrices: ten times as quick for small pictures."""
    down, across = (gaussian_filter1d(np.eye(side, dtype=np.float32), sigma, axis=0) for side in values.shape[1:])
    return np.asarray(down @ values @ across.T, np.float32)
