"""Recall at k between images and texts, where equal texts are equally right."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]


def hits_at_k(
    similarity: npt.NDArray[np.floating], queries: Sequence[str], gallery: Sequence[str], k: int
) -> npt.NDArray[np.bool_]:
    """Whether a right item is among the k most similar, for each query.

    Args:
        similarity: (queries, gallery), higher = more alike.
        queries: what each query is about: an image's own caption, or the text itself.
        gallery: the same for each item; it is right for a query when both are equal.
        k: length of the list that is looked at.

    Returns:
        (queries,) bool. A wrong item as similar as the best right one stands before it: a model that gives everything
        the same vector finds nothing.
    """
    right = _same(queries, gallery)
    best = np.where(right, similarity, -np.inf).max(axis=1)
    before = ((similarity >= best[:, None]) & ~right).sum(axis=1)
    return np.asarray((before < k) & right.any(axis=1))


def chance_at_k(queries: Sequence[str], gallery: Sequence[str], k: int) -> Floats:
    """Chance of each query to be hit by k items drawn blindly: 1 - C(n - m, k) / C(n, k), m of n being right."""
    n, right = len(gallery), _same(queries, gallery).sum(axis=1)
    wrong, drawn = n - right, min(k, n)
    possible = wrong >= drawn
    missed = np.exp(_log_choose(np.where(possible, wrong, drawn), drawn) - _log_choose(np.asarray(n), drawn))
    return np.asarray(np.where(possible, 1 - missed, 1.0), dtype=np.float64)


def _same(queries: Sequence[str], gallery: Sequence[str]) -> npt.NDArray[np.bool_]:
    codes = np.unique(np.asarray([*queries, *gallery], dtype=str), return_inverse=True)[1]
    return np.asarray(codes[: len(queries), None] == codes[None, len(queries) :])


def _log_choose(n: npt.NDArray[np.integer], k: int) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), dtype=np.float64)
