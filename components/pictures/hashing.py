"""Perceptual hashes of chips: the signs of the lowest frequencies, and those of the same chip mirrored or turned."""

from collections.abc import Iterator
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

Floats = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

LOWEST: Final = 12  # frequencies along each side
BITS: Final = LOWEST * LOWEST - 1  # all but the mean
MOST_BITS: Final = 43  # 30 %
MOST_LOWEST_BITS: Final = 20  # of the first 64: they are looked at alone, for all pairs
ORIENTATIONS: Final = 8
_WORDS: Final = 3  # of 64 bits that hold BITS
_ROWS, _COLS = 64, 8192  # hashes compared at once: all their words stay in a processor's cache
_AT_ONCE: Final = 512  # pictures transformed at once


def frequencies(images: Images) -> Floats:
    """(N, LOWEST, LOWEST) lowest coefficients of the cosine transform of (N, h, w) pictures."""
    down, across = (dct(np.eye(side, dtype=np.float32), axis=0, norm="ortho")[:LOWEST] for side in images.shape[1:])
    parts = [
        down @ part.astype(np.float32) @ across.T for part in np.array_split(images, max(1, len(images) // _AT_ONCE))
    ]
    return np.concatenate(parts)


def hashes(coefficients: Floats) -> Words:
    """(N, 3) words of sign bits, the lowest frequencies first; the mean is left out."""
    bits = np.zeros((len(coefficients), 64 * _WORDS), np.uint8)
    bits[:, :BITS] = coefficients.reshape(len(coefficients), -1)[:, _order()] > 0
    return np.packbits(bits, axis=1).view(np.uint64)


def signs(words: Words) -> Floats:
    """(N, LOWEST, LOWEST) signs that hash to the words again: 1 and -1, and 0 for the mean."""
    bits = np.unpackbits(words.view(np.uint8), axis=1)[:, :BITS]
    found = np.zeros((len(words), LOWEST * LOWEST), np.float32)
    found[:, _order()] = np.where(bits, 1, -1)
    return found.reshape(-1, LOWEST, LOWEST)


def orientations(coefficients: Floats) -> Iterator[Words]:
    """Hashes of the pictures in all ORIENTATIONS, as `turned` numbers them; a mirror image only changes signs."""
    odd = np.where(np.arange(LOWEST) % 2, -1, 1).astype(np.float32)
    for laid in (coefficients, coefficients.transpose(0, 2, 1)):
        for down in (1, odd[:, None]):
            for across in (1, odd[None]):
                yield hashes(laid * down * across)


def turned(images: Images, turn: int) -> Images:
    """Pictures (N, h, w) in one of the ORIENTATIONS."""
    laid = images.transpose(0, 2, 1) if turn >= ORIENTATIONS // 2 else images
    return laid[:, :: -1 if turn & 2 else 1, :: -1 if turn & 1 else 1]


def candidates(queries: Words, stored: Words) -> tuple[Counts, Counts]:
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


def _order() -> Counts:
    """Places of the frequencies, the lowest first, without the mean."""
    rows, cols = np.divmod(np.arange(LOWEST * LOWEST), LOWEST)
    return np.argsort(np.maximum(rows, cols), kind="stable")[1:]
