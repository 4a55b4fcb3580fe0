"""The data stages as ZenML steps; `python zenml_chain.py [CORPUS]`, where CORPUS is a digest that stands for the data.

ZenML's cache knows code, parameters and artifacts of steps, and does not look at files: without CORPUS a new scene is
not seen, with it every step runs again on every scene.
"""

# ruff: noqa: D103 (the steps are named after ours)

import sys

from work import do
from zenml import pipeline, step


@step
def ingest(corpus: str) -> str:
    return do("ingest") + corpus


@step
def check_chips(chips: str) -> str:
    return do("check_chips") + chips


@step
def annotate(chips: str, verdicts: str) -> str:
    return do("annotate") + chips + verdicts


@step
def check_annotations(chips: str, annotations: str) -> str:
    return do("check_annotations") + chips + annotations


@pipeline(enable_cache=True, enable_step_logs=False, enable_pipeline_logs=False)
def chain(corpus: str) -> None:
    chips = ingest(corpus)
    check_annotations(chips, annotate(chips, check_chips(chips)))


if __name__ == "__main__":
    chain(*(sys.argv[1:] or [""]))
