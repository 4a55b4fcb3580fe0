"""Answers that need no image: the commonest of the training set, and one drawn blindly from it."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from components.records.families import BY_NAME, caption, read_caption
from components.tasks import TASKS, ChipTruth, Question, chip_generator, describe


class Baselines:
    """What the training split's answers say without looking, per task and question wording."""

    def __init__(self, questions: Iterable[Question]) -> None:
        """Learn from the questions of training chips."""
        self._answers: dict[tuple[str, str], list[str]] = {}
        for question in questions:
            self._answers.setdefault((question.task, question.text), []).append(question.answer)
        self._commonest = {
            key: commonest_caption(answers) if key[0] == describe.NAME else commonest(answers)
            for key, answers in self._answers.items()
        }

    def majority(self, question: Question) -> str:
        """The wording's commonest answer; "" for a wording that training chips were never asked."""
        return self._commonest.get((question.task, question.text), "")

    def draws(self, question: Question, number: int, rng: np.random.Generator) -> list[str]:
        """Answers to the wording drawn blindly from the training set, with replacement: their mean score is chance."""
        answers = self._answers.get((question.task, question.text), [""])
        return [answers[place] for place in rng.integers(len(answers), size=number)]


def training_questions(truths: Sequence[ChipTruth], seed: int) -> list[Question]:
    """Every question of every task about training chips."""
    return [
        question
        for truth in truths
        for task in TASKS
        for question in task.questions(truth, chip_generator(seed, truth.chip_id))
    ]


def commonest(answers: Sequence[str]) -> str:
    """The most frequent answer, the first in alphabetical order at a tie."""
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer))


def commonest_caption(captions: Sequence[str]) -> str:
    """Caption of the commonest family with each field's commonest value: stronger than any whole caption."""
    read = [read_caption(text) for text in captions]
    family = BY_NAME[commonest([name for codes in read for name in codes])]
    stated = [codes[family.name] for codes in read if family.name in codes]
    clauses = []
    for field in family.fields:
        values = [codes[field.name] for codes in stated if field.name in codes]
        if values:
            clauses.append((field.lead_in, field.values[commonest(values)]))
    return caption(clauses)
