"""Which answers are taken for which: counts by truth and answer."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

OTHER = "(other)"


def confusion(truths: Sequence[str], answers: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Labels and counts, rows the truth and columns the answer: K labels, (K, K) int64.

    Labels are the true ones, sorted; answers that are never true share a last label, `OTHER`, where there are any.
    """
    labels = sorted(set(truths))
    if set(answers) - set(labels):
        labels.append(OTHER)
    place = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for truth, answer in zip(truths, answers, strict=True):
        counts[place[truth], place.get(answer, len(labels) - 1)] += 1
    return labels, counts


def macro_f1(counts: npt.NDArray[np.int64], classes: int) -> float:
    """Mean over the first `classes` labels of F1 = 2 right / (true + answered); a label never answered scores 0.

    Args:
        counts: (K, K), rows the truth and columns the answer.
        classes: how many labels count; 0 gives NaN.
    """
    totals = counts.sum(axis=0)[:classes] + counts.sum(axis=1)[:classes]
    return float(np.mean(2 * np.diagonal(counts)[:classes] / totals)) if classes else float("nan")
