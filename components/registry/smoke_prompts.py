"""A few requests that every version must answer: its input example, and questions whose answers have a known form."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from components.registry.models import GPT, KLIP
from components.tasks import classify, count, land_cover
from components.tasks.land_cover import COVERS
from components.tasks.question import normalise

EXAMPLE: Final = "input example"
_CAPTIONS: Final = ("A forest.", "Many ships lie on open water off a coast.")
_LENGTH_TOLERANCE: Final = 1e-3  # of a vector of float32 values, from 1


@dataclass(frozen=True)
class Prompt:
    """One request to a served model.

    Attributes:
        name: how a verdict calls it.
        body: JSON body of a POST to /invocations.
        rows: how many answers belong to it.
        has_form: whether one answer has the form that the request asks for.
    """

    name: str
    body: Mapping[str, Any]
    rows: int
    has_form: Callable[[Any], bool]


def prompts_of(model: str, example: Mapping[str, Any]) -> tuple[Prompt, ...]:
    """The smoke prompts of a registered model, its own example first.

    Args:
        model: registered name.
        example: its serving_input_example.json: `dataframe_split` with `columns` and `data`.
    """
    columns, data = example["dataframe_split"]["columns"], example["dataframe_split"]["data"]
    makers = {KLIP.name: _of_klip, GPT.name: _of_gpt}
    first = Prompt(EXAMPLE, example, len(data), {KLIP.name: is_unit_vector, GPT.name: is_text}[model])
    return first, *makers[model](dict(zip(columns, data[0], strict=True)))


def is_text(answer: Any) -> bool:
    """Whether an answer is text at all."""
    return isinstance(answer, str)


def is_unit_vector(answer: Any) -> bool:
    """Whether an answer is a list of finite numbers of length 1."""
    if not isinstance(answer, Sequence) or not answer or not all(isinstance(value, float | int) for value in answer):
        return False
    return math.isclose(float(np.linalg.norm(answer)), 1.0, abs_tol=_LENGTH_TOLERANCE)


def _of_gpt(row: Mapping[str, Any]) -> tuple[Prompt, ...]:
    """Three questions about the example's chip: a number, and words of closed lists."""
    asked: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
        (count.NAME, count.WORDING["ship"], lambda answer: count.parse(answer) is not None),
        (classify.NAME, classify.WORDING, lambda answer: normalise(answer) in classify.CLASSES),
        (land_cover.NAME, land_cover.WORDING, lambda answer: normalise(answer) in COVERS),
    )
    return tuple(
        Prompt(name, {"dataframe_records": [{**row, "question": words}]}, 1, _if_text(form))
        for name, words, form in asked
    )


def _of_klip(row: Mapping[str, Any]) -> tuple[Prompt, ...]:
    """The chip alone, and two captions that no version has as its example."""
    captions = [{"text": words} for words in _CAPTIONS]
    return (
        Prompt("chip", {"dataframe_records": [row]}, 1, is_unit_vector),
        Prompt("captions", {"dataframe_records": captions}, len(captions), is_unit_vector),
    )


def _if_text(form: Callable[[str], bool]) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, str) and form(answer)
