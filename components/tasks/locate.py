"""Localisation on the 3x3 grid: which cells hold the targets (FUSAR-GPT task 1).

The paper's definitions of Acc@100, Acc@50 and Top1 are not known; ours are stated at each function, with T the true
set of cells and A the answered one, both ordered by number of targets, then by cell.
"""

from collections import Counter

import numpy as np

from components.tasks.grid import CELLS, cell_index
from components.tasks.question import Question, Task, normalise
from components.tasks.truth import ChipTruth

NAME = "locate"
WORDING = {
    "ship": "Where are the ships?",
    "aircraft": "Where are the aircraft?",
}


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question for a chip with at least one target: the cells of the targets' centres, the fullest cell first."""
    target = chip.target
    found = chip.of_category(target) if target else ()
    if target is None or not found:
        return []
    counts = Counter(cell_index(*item.centre, chip.width, chip.height) for item in found)
    ordered = sorted(counts, key=lambda cell: (-counts[cell], cell))
    answer = ", ".join(CELLS[cell] for cell in ordered)
    return [Question(NAME, WORDING[target], answer, answer)]


def parse(answer: str) -> list[str] | None:
    """Cells named by an answer such as "upper left, middle center", in its order; None if it says anything else."""
    cells = [part.strip() for part in normalise(answer).split(",")]
    return cells if set(cells) <= set(CELLS) else None


def accuracy_100(answer: str, truth: str) -> float:
    """Acc@100 = 1 if A = T as sets, else 0."""
    return float((cells := parse(answer)) is not None and set(cells) == set(parse(truth) or ()))


def accuracy_50(answer: str, truth: str) -> float:
    """Acc@50 = 1 if |A and T| / |T| >= 0.5, else 0; an answer of more cells than T scores 0, or all nine would win."""
    cells, true_cells = set(parse(answer) or ()), set(parse(truth) or ())
    return float(len(cells) <= len(true_cells) and 2 * len(cells & true_cells) >= len(true_cells))


def top_1(answer: str, truth: str) -> float:
    """Top1 = 1 if the first cell of A is in T, else 0."""
    return float((cells := parse(answer)) is not None and cells[0] in (parse(truth) or ()))


TASK = Task(NAME, questions, accuracy_100, is_exact=False)
