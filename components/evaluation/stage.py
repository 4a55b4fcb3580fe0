"""The stage evaluate: what the models can do at places they have never seen, beside what needs no model."""

from typing import Literal

from pydantic import Field, field_validator

from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.tasks.task_name import TaskName, unnamed_tasks

Variant = Literal["correct", "shuffled", "absent"]


class TaskConfig(StageConfig):
    """How much of one task is asked."""

    chips: int = Field(ge=0, le=10**6, description="Most chips that are asked; a hash of the chip's id picks them.")
    max_new_tokens: int = Field(ge=1, le=2048, description="Longest answer [token].")
    variants: tuple[Variant, ...] = Field(
        min_length=1, description="AlphaEarth given with the chip: its own, another place's, none."
    )

    @field_validator("variants")
    @classmethod
    def _has_correct(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if "correct" not in variants or len(set(variants)) < len(variants):
            raise ValueError("must name 'correct', and each variant once")
        return variants


class EvaluationConfig(StageConfig):
    """Parameters of the evaluation."""

    split: Literal["test", "val"] = Field(description="Split whose places are asked about.")
    # Retrieval compares every chip with every caption: 20,000 chips are 400 million pairs.
    max_chips: int = Field(ge=1, le=20_000, description="Most chips of the split; a hash of the chip's id picks them.")
    baseline_chips: int = Field(ge=1, le=10**6, description="Most training chips that the baselines learn from.")
    seed: int = Field(ge=0, le=2**31, description="Seed of questions, shuffled AlphaEarth, chance and bootstrap.")
    threads: int = Field(ge=1, le=256, description="CPU threads of the networks.")
    bootstrap_draws: int = Field(ge=100, le=10**5, description="Draws of places behind each 95 % interval.")
    chance_draws: int = Field(ge=1, le=1000, description="Random training answers behind each chance level.")
    recall_at: tuple[int, ...] = Field(min_length=1, description="Lengths k of the lists behind retrieval's R@k.")
    tasks: dict[TaskName, TaskConfig] = Field(description="How much of each task is asked.")

    @field_validator("tasks")
    @classmethod
    def _names_every_task(cls, tasks: dict[TaskName, TaskConfig]) -> dict[TaskName, TaskConfig]:
        if missing := unnamed_tasks(tasks):
            raise ValueError(f"must name every task (chips: 0 asks none); missing: {', '.join(missing)}")
        return tasks


def run_evaluate(config: EvaluationConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Write every answer to `items.parquet` and every figure, with interval and baselines, to `report.json`."""
    from components.evaluation.evaluate import evaluate

    return evaluate(config, inputs, outputs)


STAGES = (
    Stage(
        "evaluate",
        EvaluationConfig,
        run_evaluate,
        inputs={
            "chips": "outputs/ingest/chips",
            "annotations": "outputs/annotate/annotations",
            "injected": "outputs/annotate/injected",
            "klip": "outputs/pretrain/klip",
            "corpus": "outputs/pretrain/corpus.parquet",
            "gpt": "outputs/instruct/gpt",
        },
        outputs=("items.parquet", "report.json"),
        pool="gpu",
    ),
)
