"""The figures of each task. Each is a sum over a sum, so that means and micro F1 are bootstrapped alike.

The paper's definitions are not known (papers/fusar-gpt.md 6.4); ours, for the answer a and the truth t of an item:

- count: accuracy = share of items whose first whole number is the true count; mean_absolute_error = mean |a - t| over
  answers that hold a number;
- locate: acc100, acc50, top1 as in components.tasks.locate;
- classify, land_cover: accuracy = share of right answers; chip and cell are its parts by kind of question;
- describe: clauses_right = mean over chips of the share of the true caption's clauses whose code is said;
- detect: f1_25, f1_50 = 2 matched / (answered + true) summed over chips, greedy one-to-one matching per label at IoU
  0.25 and 0.50; a right "None" counts as one right box, text that is no such JSON as one wrong box;
- unparsed = share of answers that cannot be read as the task asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.scores.boxes import match
from components.tasks import Task, classify, count, describe, detect, land_cover, locate
from components.tasks.land_cover import COVERS
from components.tasks.question import exact, normalise

# (answer, truth) -> (numerator, denominator); (0, 0) leaves the item out.
Part = Callable[[str, str], tuple[float, float]]


@dataclass(frozen=True)
class Measure:
    """One figure of a task.

    Attributes:
        name: its name in the report.
        part: an item's share of the two sums.
        wording: the figure counts only questions that start so.
        is_better_high: whether more is better.
    """

    name: str
    part: Part
    wording: str = ""
    is_better_high: bool = True


def average(score: Callable[[str, str], float]) -> Part:
    """Plain mean of a score."""
    return lambda answer, truth: (score(answer, truth), 1.0)


def share_unparsed(parse: Callable[[str], object]) -> Measure:
    """Share of answers for which `parse` gives None."""
    return Measure("unparsed", lambda answer, truth: (float(parse(answer) is None), 1.0), is_better_high=False)


def absolute_error(answer: str, truth: str) -> tuple[float, float]:
    """Distance of counts; no number leaves the item out."""
    found, true = count.parse(answer), count.parse(truth)
    return (0.0, 0.0) if found is None or true is None else (float(abs(found - true)), 1.0)


def box_f1(least_iou: float) -> Part:
    """Counts behind the micro F1 of boxes."""

    def part(answer: str, truth: str) -> tuple[float, float]:
        true = detect.parse(truth) or []
        found = detect.parse(answer)
        if found is None:
            return 0.0, 1.0 + len(true)
        if not found and not true:
            return 2.0, 2.0
        matches = match(found, true, least_iou)
        return 2.0 * matches.matched, float(matches.answered + matches.true)

    return part


def one_of(words: tuple[str, ...]) -> Callable[[str], str | None]:
    """Parser of an answer from a closed list."""
    return lambda answer: said if (said := normalise(answer)) in words else None


# The first measure of a task is its main one: the mean of the items' scores, but for detect, where F1 is summed.
_MEASURES: Mapping[str, tuple[Measure, ...]] = {
    count.NAME: (
        Measure("accuracy", average(count.score)),
        Measure("ships", average(count.score), count.WORDING["ship"]),
        Measure("aircraft", average(count.score), count.WORDING["aircraft"]),
        Measure("mean_absolute_error", absolute_error, is_better_high=False),
        share_unparsed(count.parse),
    ),
    locate.NAME: (
        Measure("acc100", average(locate.accuracy_100)),
        Measure("acc50", average(locate.accuracy_50)),
        Measure("top1", average(locate.top_1)),
        share_unparsed(locate.parse),
    ),
    classify.NAME: (Measure("accuracy", average(exact)), share_unparsed(one_of(classify.CLASSES))),
    land_cover.NAME: (
        Measure("accuracy", average(exact)),
        Measure("chip", average(exact), land_cover.WORDING),
        Measure("cell", average(exact), land_cover.CELL_WORDING.partition("{")[0]),
        share_unparsed(one_of(COVERS)),
    ),
    describe.NAME: (Measure("clauses_right", average(describe.score)),),
    detect.NAME: (Measure("f1_25", box_f1(0.25)), Measure("f1_50", box_f1(0.50)), share_unparsed(detect.parse)),
}


def measures_of(task: Task) -> tuple[Measure, ...]:
    """Figures of a task, its main one first; a task that asks for none of its own gets the mean of its scores."""
    return _MEASURES.get(task.name, (Measure("score", average(task.score)),))
