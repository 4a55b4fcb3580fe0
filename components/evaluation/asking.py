"""Questions put to the model, with each variant of AlphaEarth, and its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from components.contract.progress import progress
from components.evaluation.ablation import alphaearth_of, exchange, has_variant
from components.evaluation.chips import AlphaEarth, EvaluatedChip, hash_order
from components.evaluation.stage import EvaluationConfig, TaskConfig
from components.networks.request import Request
from components.tasks import TASKS, Question, Task, chip_generator

# Requests between two lines of progress; a multiple of what the model answers at once.
REQUESTS_AT_ONCE = 512


class Answerer(Protocol):
    """What answers: the GPT, or anything else that takes its requests."""

    def answer(self, requests: Sequence[Request], max_new_tokens: int) -> list[str]:
        """One text per request, in their order."""
        ...


@dataclass(frozen=True)
class Item:
    """One question about one chip with one variant of AlphaEarth, and the model's answer ("" until it is asked)."""

    chip: EvaluatedChip
    question: Question
    variant: str
    answer: str = ""


def ask(model: Answerer, chips: Sequence[EvaluatedChip], config: EvaluationConfig) -> list[Item]:
    """Every item that the configuration asks for, answered; ordered by task, variant and chip."""
    exchanged = exchange(chips, config.seed)
    settings_of = {str(name): settings for name, settings in config.tasks.items()}
    by_length: dict[int, list[Item]] = {}
    for task in TASKS:
        settings = settings_of[task.name]
        asked = questions_of(task, chips, settings, config.seed)
        by_length.setdefault(settings.max_new_tokens, []).extend(
            Item(chip, question, variant)
            for variant in settings.variants
            for chip, question in asked
            if has_variant(chip, variant, exchanged)
        )
    answered: list[Item] = []
    parts = [
        (length, items[first : first + REQUESTS_AT_ONCE])
        for length, items in sorted(by_length.items())
        for first in range(0, len(items), REQUESTS_AT_ONCE)
    ]
    for length, items in progress(parts, "asking the model", len(parts)):
        texts = model.answer([_request(item, exchanged) for item in items], length)
        answered += [replace(item, answer=text) for item, text in zip(items, texts, strict=True)]
    order = {task.name: place for place, task in enumerate(TASKS)}
    return sorted(answered, key=lambda item: (order[item.question.task], item.variant, item.chip.truth.chip_id))


def questions_of(
    task: Task, chips: Sequence[EvaluatedChip], settings: TaskConfig, seed: int
) -> list[tuple[EvaluatedChip, Question]]:
    """Questions of one task about at most `settings.chips` chips, which a hash picks among those it can ask about."""
    asked = [(chip, task.questions(chip.truth, chip_generator(seed, chip.truth.chip_id))) for chip in chips]
    able = sorted(
        ((chip, questions) for chip, questions in asked if questions),
        key=lambda pair: hash_order(seed, pair[0].truth.chip_id),
    )
    return [(chip, question) for chip, questions in able[: settings.chips] for question in questions]


def _request(item: Item, exchanged: Mapping[str, AlphaEarth]) -> Request:
    given = alphaearth_of(item.chip, item.variant, exchanged)
    return Request(
        codes=item.chip.codes,
        polarizations=item.chip.polarizations,
        spacing_m=item.chip.truth.spacing_m,
        question=item.question.text,
        alphaearth=None if given is None else given.vectors,
        alphaearth_valid=None if given is None else given.valid,
    )
