"""Eight ZenML steps in the shape of our graph, each of which writes one small file; a second run is cached."""

# ruff: noqa: D103 (the steps are named after ours and do nothing)

import time

from zenml import pipeline, step


@step
def ingest() -> str:
    return "ingest"


@step
def check_chips(chips: str) -> str:
    return f"check_chips {chips}"


@step
def annotate(chips: str, verdicts: str) -> str:
    return f"annotate {chips} {verdicts}"


@step
def check_annotations(chips: str, annotations: str) -> str:
    return f"check_annotations {chips} {annotations}"


@step
def pretrain(chips: str, annotations: str, verdicts: str) -> str:
    return f"pretrain {chips} {annotations} {verdicts}"


@step
def align(chips: str, klip: str) -> str:
    return f"align {chips} {klip}"


@step
def instruct(chips: str, klip: str, aligned: str) -> str:
    return f"instruct {chips} {klip} {aligned}"


@step
def evaluate(chips: str, annotations: str, klip: str, gpt: str) -> str:
    return f"evaluate {chips} {annotations} {klip} {gpt}"


# Best setting for the clock: without step logs, which ZenML would write to its artifact store.
@pipeline(enable_cache=True, enable_step_logs=False, enable_pipeline_logs=False)
def chain() -> None:
    chips = ingest()
    annotations = annotate(chips, check_chips(chips))
    klip = pretrain(chips, annotations, check_annotations(chips, annotations))
    gpt = instruct(chips, klip, align(chips, klip))
    evaluate(chips, annotations, klip, gpt)


if __name__ == "__main__":
    started = time.perf_counter()
    chain()
    print(f"call {time.perf_counter() - started:.3f} s")
