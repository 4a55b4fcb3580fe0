"""Retrieval by FUSAR-KLIP: captions for images and images for captions among all evaluated chips."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from components.contract.progress import progress
from components.evaluation.chips import EvaluatedChip
from components.evaluation.report import Metric
from components.networks.channels import channels
from components.networks.klip import Klip
from components.scores.bootstrap import Resampling, difference, mean
from components.scores.retrieval import chance_at_k, hits_at_k

MODEL = "fusar-klip"
CHIPS_AT_ONCE = 128
Rows = list[dict[str, Any]]


def retrieve(
    klip: Klip, chips: Sequence[EvaluatedChip], usual: Sequence[str], ks: Iterable[int], resampling: Resampling
) -> tuple[list[Metric], Rows]:
    """R@k both ways, with chance and the share that the training set's k commonest captions would hit.

    R@k = share of queries with an equal caption among the k most similar; chips with equal captions are all right.

    Args:
        klip: the model.
        chips: those with a caption are the queries and the gallery.
        usual: captions of the training set, each as often as it stands there.
        ks: lengths of the list.
        resampling: draws and seed of the intervals.

    Returns:
        The figures, and one row of ITEMS per query and k.
    """
    captioned = [chip for chip in chips if chip.caption is not None]
    texts = [chip.caption.text for chip in captioned if chip.caption is not None]
    if not captioned:
        return [], []
    similarity = similarities(klip, captioned, texts)
    metrics: list[Metric] = []
    rows: Rows = []
    for k in ks:
        chance = chance_at_k(texts, texts, k)
        always = set(_most_common(usual, k))
        blind = np.array([text in always for text in texts], dtype=float)
        for name, table in (("i2t", similarity), ("t2i", similarity.T)):
            hits = hits_at_k(table, texts, texts, k)
            # The k commonest captions answer a query for texts; a query for images has no commonest answer.
            majority = blind if name == "i2t" else None
            metrics.append(_metric(f"{name}_r{k}", captioned, hits, (chance, majority), resampling))
            rows += _rows(f"{name}_r{k}", captioned, hits, table.argmax(axis=1), chance)
    return metrics, rows


def similarities(klip: Klip, chips: Sequence[EvaluatedChip], texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Cosine of every chip with every text, (chips, texts)."""
    device = klip.words.weight.device
    parts: list[tuple[list[int], torch.Tensor]] = []
    groups: dict[tuple[tuple[str, ...], tuple[int, ...]], list[int]] = {}
    for place, chip in enumerate(chips):
        groups.setdefault((chip.polarizations, chip.codes.shape), []).append(place)
    batches = [
        (polarizations, places[first : first + CHIPS_AT_ONCE])
        for (polarizations, _), places in sorted(groups.items())
        for first in range(0, len(places), CHIPS_AT_ONCE)
    ]
    for polarizations, places in progress(batches, "embedding chips", len(batches)):
        codes = torch.from_numpy(np.stack([chips[place].codes for place in places]))
        parts.append((places, klip.embed_images(channels(codes, polarizations).to(device))))
    images = torch.cat([vectors for _, vectors in parts])
    order = torch.tensor([place for places, _ in parts for place in places], device=device)
    unique = sorted(set(texts))
    known = klip.embed_texts(unique)
    place_of = {text: place for place, text in enumerate(unique)}
    cosines = images[torch.argsort(order)] @ known.T
    return np.asarray(cosines.cpu().numpy()[:, [place_of[text] for text in texts]])


def _metric(
    name: str,
    chips: Sequence[EvaluatedChip],
    hits: npt.NDArray[np.bool_],
    blind: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    resampling: Resampling,
) -> Metric:
    places = [chip.truth.place_id for chip in chips]
    chance, majority = blind
    baselines = {"chance": float(chance.mean())} | ({} if majority is None else {"majority": float(majority.mean())})
    by = {
        "platform": [chip.truth.platform for chip in chips],
        "family": [chip.truth.family for chip in chips],
    }
    return Metric(
        key=f"{MODEL}.{name}",
        model=MODEL,
        task="retrieval",
        name=name,
        variant="none",
        estimate=mean(hits, places, resampling),
        baselines=baselines,
        differences={"chance": difference(hits, chance, places, resampling)},
        slices={
            key: {
                group: mean(
                    hits[[name == group for name in names]],
                    [place for place, own in zip(places, names, strict=True) if own == group],
                    resampling,
                )
                for group in sorted(set(names))
            }
            for key, names in by.items()
        },
    )


def _rows(
    task: str,
    chips: Sequence[EvaluatedChip],
    hits: npt.NDArray[np.bool_],
    first: npt.NDArray[np.intp],
    chance: npt.NDArray[np.float64],
) -> Rows:
    """Rows of ITEMS; `majority_score` is the query's chance. Image queries ask by chip id, text queries by caption."""
    is_image = task.startswith("i2t")
    rows = []
    for place, chip in enumerate(chips):
        own, found = (_sides(chips[index], is_image) for index in (place, int(first[place])))
        rows.append(
            {
                "model": MODEL,
                "task": task,
                "variant": "none",
                "chip_id": chip.truth.chip_id,
                "place_id": chip.truth.place_id,
                "platform": chip.truth.platform,
                "family": chip.truth.family,
                "question": own[0],
                "truth": own[1],
                "answer": found[1],
                "score": float(hits[place]),
                "majority_score": float(chance[place]),
            }
        )
    return rows


def _sides(chip: EvaluatedChip, is_image: bool) -> tuple[str, str]:
    text = "" if chip.caption is None else chip.caption.text
    return (chip.truth.chip_id, text) if is_image else (text, chip.truth.chip_id)


def _most_common(texts: Sequence[str], k: int) -> list[str]:
    counts = Counter(texts)
    return sorted(counts, key=lambda text: (-counts[text], text))[:k]
