"""Land cover: the main class of a chip, and of one cell of its 3x3 grid."""

import numpy as np
import numpy.typing as npt

from components.records.landcover import LAND_COVER, UNKNOWN
from components.tasks.grid import CELLS, cell_slices
from components.tasks.question import Question, Task, exact
from components.tasks.truth import ChipTruth

NAME = "land_cover"
WORDING = "What is the main land cover of this chip?"
CELL_WORDING = "What is the main land cover at the {cell}?"
COVERS = tuple(LAND_COVER.values())
# Below this share of known pixels the commonest known class may not be the commonest class.
LEAST_KNOWN = 0.5


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question about the whole chip and one about a random cell; none where under half of it is labelled."""
    if chip.land_cover is None:
        return []
    cell = int(rng.integers(len(CELLS)))
    asked = [
        (WORDING, main_cover(chip.land_cover)),
        (
            CELL_WORDING.format(cell=CELLS[cell]),
            main_cover(chip.land_cover[cell_slices(cell, chip.width, chip.height)]),
        ),
    ]
    return [Question(NAME, text, LAND_COVER[code], LAND_COVER[code]) for text, code in asked if code is not None]


def main_cover(codes: npt.NDArray[np.uint8]) -> int | None:
    """Code of the commonest known class of codes of any shape, the lowest code at a tie.

    None if under half of the pixels are known.
    """
    counts = np.bincount(codes.ravel(), minlength=max(LAND_COVER) + 1)
    known = codes.size - int(counts[UNKNOWN])
    if known < LEAST_KNOWN * codes.size:
        return None
    return max(LAND_COVER, key=lambda code: (counts[code], -code))


TASK = Task(NAME, questions, exact, is_exact=True)
