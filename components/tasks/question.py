"""What a task is: questions with known answers, and a score for any answer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from components.tasks.truth import ChipTruth


@dataclass(frozen=True)
class Question:
    """One question about one chip.

    Attributes:
        task: name of the task that asked it.
        text: the words put to the model; a task has few fixed wordings, so that each has its own majority answer.
        answer: the right answer as the model shall write it: short, no trailing punctuation.
        code: the same answer as a coded value, stable when the words change.
    """

    task: str
    text: str
    answer: str
    code: str


@dataclass(frozen=True)
class Task:
    """One kind of question.

    Attributes:
        name: key of the task in parameters, items and reports.
        questions: the task's questions about one chip; empty where its labels are missing or do not apply.
        score: `score(answer, truth)`, both as text, in [0, 1]; an answer that cannot be parsed scores 0.
        is_exact: the score is 1 for the right code and 0 otherwise, so that a confusion matrix has a meaning.
    """

    name: str
    questions: Callable[[ChipTruth, np.random.Generator], list[Question]]
    score: Callable[[str, str], float]
    is_exact: bool


def normalise(answer: str) -> str:
    """Answer in lower case with single spaces and no closing full stop: what is compared, never what is kept."""
    return " ".join(answer.lower().split()).rstrip(".").rstrip()


def exact(answer: str, truth: str) -> float:
    """1 if both texts say the same after `normalise`, else 0."""
    return float(normalise(answer) == normalise(truth))
