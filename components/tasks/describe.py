"""Description: the chip's caption, eight clauses by family, scored clause by clause through their closed lists."""

import numpy as np

from components.records.families import BY_NAME, caption, read_caption
from components.tasks.question import Question, Task
from components.tasks.truth import ChipTruth

NAME = "describe"
# One wording for all: the model must find out the family by itself.
WORDING = "Describe this SAR image."


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question for a chip whose caption is known; the code is the codes of its clauses, joined by commas."""
    if chip.clauses is None:
        return []
    family = BY_NAME[chip.family]
    stated = [field for field in family.fields if field.name in chip.clauses]
    answer = caption((field.lead_in, field.values[chip.clauses[field.name]]) for field in stated)
    code = ",".join(chip.clauses[field.name] for field in stated)
    return [Question(NAME, WORDING, answer, code)]


def clause_scores(answer: str, truth: str) -> dict[tuple[str, str], float]:
    """By (family, field) of each clause that the true caption states: 1 if the answer states the same code, else 0."""
    said = read_caption(" ".join(answer.split()))
    return {
        (family, field): float(said.get(family, {}).get(field) == code)
        for family, clauses in read_caption(truth).items()
        for field, code in clauses.items()
    }


def score(answer: str, truth: str) -> float:
    """Share of the true caption's clauses whose code the answer states [0..1]; prose outside the lists scores 0."""
    scores = clause_scores(answer, truth)
    return sum(scores.values()) / len(scores) if scores else 0.0


TASK = Task(NAME, questions, score, is_exact=False)
