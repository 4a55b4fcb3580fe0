"""What FUSAR-GPT answers: how often it gives which answer to the chips of each scene.

Two questions are asked about every chip, whatever it shows, by the evaluation and by a prediction alike: its main land
cover and its class. A count of ships is asked by the evaluation about chips of the sea alone, and cannot be compared.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from components.records.schemas import ITEMS, PREDICTIONS
from components.records.tables import read_table
from components.tasks import classify, land_cover
from components.tasks.question import normalise

# Column of PREDICTIONS: task of ITEMS and the words of its question.
QUESTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "land_cover": (land_cover.NAME, land_cover.WORDING),
    "class": (classify.NAME, classify.WORDING),
}
_MODEL, _ABSENT, _CORRECT = "fusar-gpt", "absent", "correct"
_LONGEST: Final = 40  # of an answer: both questions have short ones, a model that rambles is counted once


@dataclass(frozen=True)
class SceneAnswers:
    """How often each answer was given to a question about the chips of a scene."""

    scene_id: str
    platform: str
    question: str
    counts: Mapping[str, int]


def answers_of_items(path: Path) -> list[SceneAnswers]:
    """Answers of an evaluation's items.parquet, as if without AlphaEarth: a prediction knows none.

    A chip that has no AlphaEarth was asked once, as "correct"; in an evaluation that never took AlphaEarth away, the
    answers with it are all there are.
    """
    columns = ["model", "task", "variant", "chip_id", "platform", "question", "answer"]
    items = read_table(path, ITEMS, columns)
    rows = items.filter(pc.equal(items["model"], _MODEL)).to_pylist()
    return _counted(
        (row["chip_id"].rsplit("-r", 1)[0], row["platform"], name, row["answer"])
        for name, (task, words) in QUESTIONS.items()
        for row in _without_alphaearth([row for row in rows if (row["task"], row["question"]) == (task, words)])
    )


def answers_of_predictions(folder: Path, platforms: Mapping[str, str]) -> list[SceneAnswers]:
    """Answers of the folder that `fusar predict` wrote; scenes whose platform is not known share one, "".

    Raises:
        WrongSchema: a file of the folder holds no predictions.
    """
    rows = read_table(folder / "chips", PREDICTIONS, ["scene_id", *QUESTIONS]).to_pylist()
    return _counted(
        (row["scene_id"], platforms.get(row["scene_id"], ""), name, row[name]) for row in rows for name in QUESTIONS
    )


def _without_alphaearth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    absent = {row["chip_id"] for row in rows if row["variant"] == _ABSENT}
    return [
        row
        for row in rows
        if row["variant"] == _ABSENT or (row["variant"] == _CORRECT and row["chip_id"] not in absent)
    ]


def _counted(given: Iterable[tuple[str, str, str, str]]) -> list[SceneAnswers]:
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for scene_id, platform, question, answer in given:
        found.setdefault((scene_id, platform, question), Counter())[normalise(answer)[:_LONGEST]] += 1
    return [SceneAnswers(*key, dict(sorted(counts.items()))) for key, counts in sorted(found.items())]
