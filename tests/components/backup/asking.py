"""`python asking.py ROOT`: what the repository at ROOT says to every question of lineage, as JSON.

A process of its own: MLflow remembers for its whole process where the files of a model lay.
"""

import json
import os
import sys
from pathlib import Path

from typer.testing import CliRunner

from cli.app import app

QUESTIONS = (
    "lineage show fusar-gpt/1",
    "lineage show fusar-klip/1",
    "lineage verify fusar-gpt/1",
    "lineage verify fusar-klip/1",
    "lineage diff fusar-klip/1 fusar-gpt/1",
    "ledger show",
    "ledger verify",
)


def answers(root: Path) -> dict[str, str]:
    """By question; the place of the repository is left out."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.chdir(root)
    found = {question: _ask(question, root) for question in QUESTIONS}
    record = json.loads(found[QUESTIONS[0]].partition(" ")[2])
    question = f"lineage impact {_scene_of(record)}"
    return {**found, question: _ask(question, root)}


def _ask(question: str, root: Path) -> str:
    done = CliRunner().invoke(app, [*question.split(), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return f"{done.exit_code} {done.stdout}".replace(str(root), "ROOT")


def _scene_of(tree: object) -> str:
    """The first scene that a record names."""
    values = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    if isinstance(tree, dict) and "scene_id" in tree:
        return str(tree["scene_id"])
    return next((found for value in values if (found := _scene_of(value))), "")


if __name__ == "__main__":
    print(json.dumps(answers(Path(sys.argv[1]))))
