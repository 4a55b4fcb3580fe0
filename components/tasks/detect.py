"""Detection: the targets' boxes as JSON text (FUSAR-GPT task 4, in the released prompt's form)."""

import json
import math
from typing import Any

import numpy as np

from components.scores.boxes import Box, match
from components.tasks.question import Question, Task
from components.tasks.truth import ChipTruth, LabelledObject

NAME = "detect"
WORDING = {
    "ship": "Detect all ships in this SAR image. Answer as JSON with bbox_2d and label, or None.",
    "aircraft": "Detect all planes in this SAR image. Answer as JSON with bbox_2d and label, or None.",
}
LABELS = {"ship": "ship", "aircraft": "plane"}
NO_TARGET = "None"
LEAST_IOU = 0.25


def questions(chip: ChipTruth, rng: np.random.Generator) -> list[Question]:
    """One question for a chip of the ship or aircraft family: all boxes in whole chip pixels, or "None"."""
    target = chip.target
    if target is None:
        return []
    entries = [{"bbox_2d": _whole(item), "label": LABELS[target]} for item in chip.of_category(target)]
    answer = json.dumps(entries) if entries else NO_TARGET
    return [Question(NAME, WORDING[target], answer, answer)]


def parse(answer: str) -> list[Box] | None:
    """Boxes of an answer; empty for none/null; None if it is not the asked JSON. Numbers are never altered.

    As in the released parser: one code fence is taken off; each entry needs a text label and four finite numbers with
    x0 < x1 and y0 < y1.
    """
    text = _without_fence(answer.strip())
    if text.lower().rstrip(".") in ("none", "null"):
        return []
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    boxes = [_box(entry) for entry in entries]
    return [box for box in boxes if box is not None] if None not in boxes else None


def score(answer: str, truth: str) -> float:
    """F1 of the chip's boxes at IoU 0.25, greedy one-to-one matching; a right "None" scores 1, no JSON scores 0."""
    boxes = parse(answer)
    return 0.0 if boxes is None else match(boxes, parse(truth) or [], LEAST_IOU).f1


def _whole(item: LabelledObject) -> list[int]:
    x0, y0, x1, y1 = item.box
    left, top = math.floor(x0), math.floor(y0)
    # Rounded outwards, so that a box never vanishes.
    return [left, top, max(math.ceil(x1), left + 1), max(math.ceil(y1), top + 1)]


def _without_fence(text: str) -> str:
    for fence in ("'''", "```"):
        if text.startswith(fence) and text.endswith(fence) and len(text) >= 2 * len(fence):
            return text[len(fence) : -len(fence)].removeprefix("json").strip()
    return text


def _box(entry: Any) -> Box | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("label"), str):
        return None
    corners = entry.get("bbox_2d")
    if not isinstance(corners, list) or len(corners) != 4 or not all(_is_number(value) for value in corners):
        return None
    x0, y0, x1, y1 = (float(value) for value in corners)
    return Box(entry["label"], (x0, y0, x1, y1)) if x0 < x1 and y0 < y1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


TASK = Task(NAME, questions, score, is_exact=False)
