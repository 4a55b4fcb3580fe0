"""Counting: how many targets of the chip's family lie in it (FUSAR-GPT task 2)."""

import re

import numpy as np

from components.tasks.question import Question, Task
from components.tasks.truth import ChipTruth

NAME = "count"
WORDING = {"ship": "How many ships are in this chip?", "aircraft": "How many aircraft are in this chip?"}
_INTEGER = re.compile(r"\d+")


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question for a chip of the ship or aircraft family; the answer is a number in digits, "0" included."""
    target = chip.target
    if target is None:
        return []
    number = str(len(chip.of_category(target)))
    return [Question(NAME, WORDING[target], number, number)]


def parse(answer: str) -> int | None:
    """First whole number in an answer; None if there is none."""
    found = _INTEGER.search(answer)
    return int(found.group()) if found else None


def score(answer: str, truth: str) -> float:
    """1 if the first whole number of the answer is the true count, else 0 (papers/fusar-gpt.md 6.4)."""
    number = parse(answer)
    return float(number is not None and number == parse(truth))


TASK = Task(NAME, questions, score, is_exact=True)
