"""AlphaEarth taken away or exchanged between places: does the model use it, and is it the place that helps?"""

from collections.abc import Mapping, Sequence

import numpy as np

from components.evaluation.chips import AlphaEarth, EvaluatedChip

CORRECT, SHUFFLED, ABSENT = "correct", "shuffled", "absent"


def exchange(chips: Sequence[EvaluatedChip], seed: int) -> dict[str, AlphaEarth]:
    """AlphaEarth of another place for each chip that has its own, by chip id.

    Chips are put in a random order of places and take from the chip that stands as far on as the largest place is
    big, so that no chip takes from its own place and each gives once. A chip for which that fails (one place holds
    over half of all chips) is left out.
    """
    with_own = [chip for chip in chips if chip.alphaearth is not None]
    rng = np.random.default_rng(seed)
    places = sorted({chip.truth.place_id for chip in with_own})
    rank = dict(zip(places, rng.permutation(len(places)).tolist(), strict=True))
    order = [with_own[index] for index in rng.permutation(len(with_own))]
    order.sort(key=lambda chip: rank[chip.truth.place_id])
    if not order:
        return {}
    shift = int(np.bincount([rank[chip.truth.place_id] for chip in order]).max())
    pairs = [(chip, order[(index + shift) % len(order)]) for index, chip in enumerate(order)]
    return {
        taker.truth.chip_id: giver.alphaearth
        for taker, giver in pairs
        if giver.alphaearth is not None and giver.truth.place_id != taker.truth.place_id
    }


def has_variant(chip: EvaluatedChip, variant: str, exchanged: Mapping[str, AlphaEarth]) -> bool:
    """Whether a variant differs from the chip as it is: without AlphaEarth there is nothing to shuffle or take away."""
    if variant == SHUFFLED:
        return chip.truth.chip_id in exchanged
    return variant == CORRECT or chip.alphaearth is not None


def alphaearth_of(chip: EvaluatedChip, variant: str, exchanged: Mapping[str, AlphaEarth]) -> AlphaEarth | None:
    """AlphaEarth that the model is given with a chip."""
    if variant == SHUFFLED:
        return exchanged[chip.truth.chip_id]
    return chip.alphaearth if variant == CORRECT else None
