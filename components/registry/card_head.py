"""The head of a model card: what a program reads of it, in the form of the Hugging Face hub."""

from collections.abc import Sequence
from typing import Final

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from components.lineage.record import FROM_SCRATCH, Lineage
from components.tracking.figures import Figure

_TASKS: Final = {"fusar-klip": "zero-shot-image-classification", "fusar-gpt": "image-text-to-text"}
_TAGS: Final = ("sar", "synthetic-aperture-radar", "remote-sensing", "earth-observation")


def with_head(text: str, lineage: Lineage, figures: Sequence[Figure], licence: str) -> str:
    """A card as README.md: YAML that names licence, base model and every figure as `model-index`, then the text.

    Args:
        text: Markdown.
        lineage: what made the version; the md5 of its data is the revision of the test set.
        figures: main ones of the evaluation, of this model.
        licence: of the weights, by its SPDX name.
    """
    is_from_scratch = lineage.base_model == FROM_SCRATCH
    data = ModelCardData(
        license=licence.lower() if is_from_scratch else "other",
        library_name="mlflow",
        pipeline_tag=_TASKS.get(lineage.model),
        tags=[*_TAGS, *(("simulated",) if lineage.simulated else ())],
        base_model=None if is_from_scratch else lineage.base_model.partition("@")[0],
        model_name=lineage.model,
        eval_results=_results(lineage, figures) or None,  # the hub refuses an index without a result
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}\n"))


def _results(lineage: Lineage, figures: Sequence[Figure]) -> list[EvalResult]:
    dataset = next((content.md5 for content in lineage.inputs if content.path == "data"), "")
    return [
        EvalResult(
            task_type=_TASKS.get(lineage.model, "other"),
            dataset_type="simulated SAR" if lineage.simulated else "SAR",
            dataset_name="places that training never saw",
            dataset_split="test",
            dataset_revision=dataset,
            metric_type=figure.key.rpartition(".")[2],
            metric_name=figure.key,
            metric_value=round(figure.value, 6),
            metric_args=_interval(figure),
        )
        for figure in figures
    ]


def _interval(figure: Figure) -> dict[str, float | int]:
    ends = (("low_95", figure.low), ("high_95", figure.high))
    return {"n": figure.n, **{name: round(end, 6) for name, end in ends if end is not None}}
