"""What the model is asked about each chip and shall answer, in each of the two stages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.finetuning.mirroring import AS_IS, Mirror
from components.finetuning.samples import Samples
from components.finetuning.stage import InstructConfig, TrainingConfig
from components.networks.chat import Row
from components.networks.gpt import Gpt
from components.tasks import TASKS, ChipTruth, Question, chip_generator
from components.tasks.describe import WORDING as DESCRIBE

Turns = list[tuple[str, str]]
# Asks about a chip (its labels, the words of its corrected caption); empty where there is nothing to learn.
Asker = Callable[[ChipTruth, str | None, np.random.Generator], Turns]


@dataclass(frozen=True)
class Item:
    """One chip as it stands in one epoch: mirrored, with its questions and answers as tokens."""

    chip: int
    mirror: Mirror
    row: Row


def ask_description(truth: ChipTruth, caption: str | None, rng: np.random.Generator) -> Turns:
    """Stage 1: one description, the corrected caption."""
    return [] if caption is None else [(DESCRIBE, caption)]


def ask_tasks(config: InstructConfig) -> Asker:
    """Stage 2: some questions a chip, drawn without repetition by the weights of their tasks."""
    weights: Mapping[str, float] = {str(name): weight for name, weight in config.task_weights.items()}

    def ask(truth: ChipTruth, caption: str | None, rng: np.random.Generator) -> Turns:
        questions = all_questions(truth, rng)
        wanted = np.array([weights[question.task] for question in questions])
        count = min(config.questions_per_chip, int(np.count_nonzero(wanted)))
        if count == 0:
            return []
        drawn = rng.choice(len(questions), size=count, replace=False, p=wanted / wanted.sum())
        return [(questions[place].text, questions[place].answer) for place in drawn]

    return ask


def all_questions(truth: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """Every question that the tasks have about a chip."""
    return [question for task in TASKS for question in task.questions(truth, rng)]


def texts(samples: Samples, seed: int) -> Iterator[str]:
    """Every text that the two stages put before the model: what its tokenizer learns from."""
    yield from ("user\n", "assistant\n")
    for index, truth in enumerate(samples.truths):
        yield f"{samples.sensors[index]}\n"
        known = samples.captions[index]
        if known is not None:
            yield from (DESCRIBE, known)
        for question in all_questions(truth, chip_generator(seed, truth.chip_id)):
            yield from (question.text, question.answer)


def epoch_items(gpt: Gpt, samples: Samples, asker: Asker, config: TrainingConfig, epoch: int) -> list[Item]:
    """Lay out one epoch: every chip that has something to learn once, chips with targets to count several times."""
    items = []
    for chip, truth in enumerate(samples.truths):
        repeats = config.target_repeats if truth.target else 1
        for repeat in range(repeats):
            rng = chip_generator(config.seed + epoch * config.target_repeats + repeat, truth.chip_id)
            mirror = Mirror(*(bool(flip) for flip in rng.integers(2, size=2))) if config.mirrored else AS_IS
            items += _item(gpt, samples, asker, (chip, mirror, rng))
    return items


def fixed_items(gpt: Gpt, samples: Samples, asker: Asker, config: TrainingConfig) -> list[Item]:
    """Lay out the first `validation_chips` chips as they are, the same in every run and at every step."""
    items = []
    for chip, truth in enumerate(samples.truths[: config.validation_chips]):
        items += _item(gpt, samples, asker, (chip, AS_IS, chip_generator(config.seed, truth.chip_id)))
    return items


def _item(gpt: Gpt, samples: Samples, asker: Asker, drawn: tuple[int, Mirror, np.random.Generator]) -> list[Item]:
    chip, mirror, rng = drawn
    known = samples.captions[chip]
    turns = asker(mirror.truth(samples.truths[chip]), None if known is None else mirror.words(known), rng)
    if not turns:
        return []
    tokens = gpt.image_tokens(samples.planes.shape[2], samples.planes.shape[3])
    questions, answers = zip(*turns, strict=True)
    return [Item(chip, mirror, gpt.chat.row(samples.sensors[chip], tokens, questions, answers))]


def grouped(items: Sequence[Item], batch: int, rng: np.random.Generator) -> Iterator[list[Item]]:
    """Cut an epoch into batches of like length in random order; what fills no batch is left out of this epoch."""
    order = rng.permutation(len(items))
    batches: list[list[Item]] = []
    # Sorted inside stretches of eight batches: little padding, and still other neighbours in every epoch.
    for first in range(0, len(order), 8 * batch):
        stretch = sorted(
            (int(place) for place in order[first : first + 8 * batch]), key=lambda i: len(items[i].row.ids)
        )
        batches += [[items[i] for i in stretch[start : start + batch]] for start in range(0, len(stretch), batch)]
    whole = [some for some in batches if len(some) == batch] or batches
    for place in rng.permutation(len(whole)):
        yield whole[place]
