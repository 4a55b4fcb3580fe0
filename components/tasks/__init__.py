"""The questions that FUSAR-GPT is trained on and judged by, with their answers and scores."""

from components.tasks import classify, count, describe, detect, land_cover, locate
from components.tasks.question import Question, Task
from components.tasks.truth import TRUTH_COLUMNS, ChipTruth, LabelledObject, chip_generator, chip_truth, with_caption

TASKS: tuple[Task, ...] = (count.TASK, locate.TASK, classify.TASK, land_cover.TASK, describe.TASK, detect.TASK)

__all__ = [
    "TASKS",
    "TRUTH_COLUMNS",
    "ChipTruth",
    "LabelledObject",
    "Question",
    "Task",
    "chip_generator",
    "chip_truth",
    "with_caption",
]
