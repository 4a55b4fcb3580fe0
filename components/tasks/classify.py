"""Classification: what a chip shows first, from a closed list (FUSAR-GPT task 3).

The paper classifies a given box (ship, plane, fine types); here the chip itself is the box, so that chips without
targets have a class too.
"""

import numpy as np

from components.records.landcover import LAND_COVER
from components.tasks.land_cover import main_cover
from components.tasks.question import Question, Task, exact
from components.tasks.truth import ChipTruth

NAME = "classify"
WORDING = "Which class is this chip?"
# In this order: a chip with a ship and a bridge is a ship chip.
TARGET_CLASSES = {
    "aircraft": "aircraft",
    "ship": "ships",
    "apron": "apron",
    "bridge": "bridge",
    "building": "buildings",
}
COVER_CLASSES = {
    "water": "open water",
    "trees": "forest",
    "cropland": "fields",
    "grassland": "meadow",
    "built-up": "buildings",
    "bare": "bare ground",
}
CLASSES = tuple(dict.fromkeys([*TARGET_CLASSES.values(), *COVER_CLASSES.values()]))


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question for a chip with labelled objects and land cover."""
    answer = class_of(chip)
    return [] if answer is None else [Question(NAME, WORDING, answer, answer)]


def class_of(chip: ChipTruth) -> str | None:
    """Class of a chip: its first kind of object in the order of `TARGET_CLASSES`, else the class of its main cover."""
    if chip.objects is None or chip.land_cover is None:
        return None
    present = {item.category for item in chip.objects}
    for category, name in TARGET_CLASSES.items():
        if category in present:
            return name
    cover = main_cover(chip.land_cover)
    return None if cover is None else COVER_CLASSES[LAND_COVER[cover]]


TASK = Task(NAME, questions, exact, is_exact=True)
