"""From answered items to the figures of FUSAR-GPT."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from components.evaluation.ablation import ABSENT, CORRECT, SHUFFLED
from components.evaluation.asking import Item
from components.evaluation.baselines import Baselines
from components.evaluation.measures import Measure, measures_of
from components.evaluation.report import Metric, Slices
from components.scores.bootstrap import Estimate, Resampling, difference, mean, ratio
from components.scores.confusion import confusion, macro_f1
from components.tasks import TASKS, Task, describe
from components.tasks.question import normalise

MODEL = "fusar-gpt"
MAJORITY, CHANCE = "majority", "chance"


class Judge:
    """Scores items beside the baselines, with one seed for chance and bootstrap."""

    def __init__(self, baselines: Baselines, resampling: Resampling, chance_draws: int) -> None:
        """Take what the training set says without looking, and how intervals and chance are drawn."""
        self.baselines, self.resampling, self.chance_draws = baselines, resampling, chance_draws

    def metrics(self, items: Sequence[Item]) -> list[Metric]:
        """Figures of every task that was asked, its main one first."""
        found = []
        for task in TASKS:
            own = [item for item in items if item.question.task == task.name]
            for place, measure in enumerate(measures_of(task)):
                metric = self._metric(own, measure, is_main=place == 0)
                found += [] if metric is None else [metric]
        return found

    def _metric(self, items: Sequence[Item], measure: Measure, is_main: bool) -> Metric | None:
        counted = [item for item in items if item.question.text.startswith(measure.wording)]
        right = [item for item in counted if item.variant == CORRECT]
        if not right:
            return None
        task = right[0].question.task
        estimate = self._estimate(right, measure)
        if estimate.n == 0:
            return None
        values, differences = self._blind(right, measure)
        for variant in (SHUFFLED, ABSENT):
            pairs = _paired(counted, variant)
            if pairs:
                values[variant] = self._estimate([other for _, other in pairs], measure).value
                differences |= self._difference(variant, pairs, measure)
        return Metric(
            key=f"{MODEL}.{task}" if is_main else f"{MODEL}.{task}.{measure.name}",
            model=MODEL,
            task=task,
            name=measure.name,
            variant=CORRECT,
            estimate=estimate,
            baselines=values,
            differences=differences,
            slices=self._slices(right, measure) if is_main else {},
            is_better_high=measure.is_better_high,
        )

    def _blind(self, items: Sequence[Item], measure: Measure) -> tuple[dict[str, float], dict[str, Estimate]]:
        """Majority and chance: what a figure is without looking at the image."""
        if measure.name == "unparsed":
            return {}, {}
        answers = [self.baselines.majority(item.question) for item in items]
        values = {MAJORITY: self._estimate(items, measure, answers).value}
        rng = np.random.default_rng(self.resampling.seed)
        drawn = [self.baselines.draws(item.question, self.chance_draws, rng) for item in items]
        parts = [
            measure.part(answer, item.question.answer)
            for item, draws in zip(items, drawn, strict=True)
            for answer in draws
        ]
        above, below = np.array(parts).sum(axis=0)
        values[CHANCE] = float(above / below) if below else float("nan")
        pairs = [
            (item, Item(item.chip, item.question, MAJORITY, text)) for item, text in zip(items, answers, strict=True)
        ]
        return values, self._difference(MAJORITY, pairs, measure)

    def _estimate(self, items: Sequence[Item], measure: Measure, answers: Sequence[str] | None = None) -> Estimate:
        said = [item.answer for item in items] if answers is None else answers
        parts = np.array([measure.part(text, item.question.answer) for item, text in zip(items, said, strict=True)])
        counted = parts[:, 1] > 0
        places = np.array(_places(items))[counted]
        return ratio(parts[counted, 0], parts[counted, 1], places.tolist(), self.resampling)

    def _difference(self, name: str, pairs: Sequence[tuple[Item, Item]], measure: Measure) -> dict[str, Estimate]:
        first, second = (
            np.array([measure.part(item.answer, item.question.answer) for item in items]).reshape(-1, 2)
            for items in zip(*pairs, strict=True)
        )
        # Only a mean can be compared item by item; a micro F1 weighs its items by their boxes.
        if not (np.all(first[:, 1] == 1) and np.all(second[:, 1] == 1)):
            return {}
        return {name: difference(first[:, 0], second[:, 0], _places([item for item, _ in pairs]), self.resampling)}

    def _slices(self, items: Sequence[Item], measure: Measure) -> Slices:
        by: dict[str, Callable[[Item], str]] = {
            "platform": lambda item: item.chip.truth.platform,
            "family": lambda item: item.chip.truth.family,
        }
        slices = {
            name: {
                group: self._estimate([item for item in items if key(item) == group], measure)
                for group in sorted({key(item) for item in items})
            }
            for name, key in by.items()
        }
        return slices | ({"field": self._fields(items)} if items[0].question.task == describe.NAME else {})

    def _fields(self, items: Sequence[Item]) -> dict[str, Estimate]:
        """Share of right clauses by family and field."""
        scores: dict[str, list[tuple[float, str]]] = {}
        for item in items:
            for (family, name), score in describe.clause_scores(item.answer, item.question.answer).items():
                scores.setdefault(f"{family}.{name}", []).append((score, item.chip.truth.place_id))
        return {
            name: mean([score for score, _ in pairs], [place for _, place in pairs], self.resampling)
            for name, pairs in sorted(scores.items())
        }


def rows_of(items: Sequence[Item], baselines: Baselines) -> list[dict[str, Any]]:
    """Items as rows of ITEMS."""
    score_of = {task.name: task.score for task in TASKS}
    return [
        {
            "model": MODEL,
            "task": item.question.task,
            "variant": item.variant,
            "chip_id": item.chip.truth.chip_id,
            "place_id": item.chip.truth.place_id,
            "platform": item.chip.truth.platform,
            "family": item.chip.truth.family,
            "question": item.question.text,
            "truth": item.question.answer,
            "answer": item.answer,
            "score": score_of[item.question.task](item.answer, item.question.answer),
            "majority_score": score_of[item.question.task](baselines.majority(item.question), item.question.answer),
        }
        for item in items
    ]


def confusions(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Matrix of each task with one right answer: labels, counts (rows the truth) and macro F1 over true labels."""
    found = {}
    for task in TASKS:
        own = [item for item in items if item.question.task == task.name and item.variant == CORRECT]
        if task.is_exact and own:
            truths = [item.question.code for item in own]
            labels, counts = confusion(truths, [_coded(task, item) for item in own])
            macro = macro_f1(counts, len(set(truths)))
            found[task.name] = {"labels": labels, "counts": counts.tolist(), "macro_f1": macro, "n": len(own)}
    return found


def _coded(task: Task, item: Item) -> str:
    return item.question.code if task.score(item.answer, item.question.answer) == 1 else normalise(item.answer)


def _paired(items: Sequence[Item], variant: str) -> list[tuple[Item, Item]]:
    own = {(item.chip.truth.chip_id, item.question.text): item for item in items if item.variant == CORRECT}
    others = [item for item in items if item.variant == variant]
    return [(own[item.chip.truth.chip_id, item.question.text], item) for item in others]


def _places(items: Sequence[Item]) -> list[str]:
    return [item.chip.truth.place_id for item in items]
