"""The models that a retrain registers, in the order of their making."""

from dataclasses import dataclass
from typing import Final

from components.lineage.assembly import ModelKind


@dataclass(frozen=True)
class RegisteredModel:
    """A registered name, where its weights come from, and the code that serves it.

    Attributes:
        kind: name, stage, folder and parents.
        code: file in components/inference.
        summary: one sentence for the registry's page.
    """

    kind: ModelKind
    code: str
    summary: str

    @property
    def name(self) -> str:
        """The registered name."""
        return self.kind.name


KLIP: Final = RegisteredModel(
    ModelKind("fusar-klip", "pretrain", "outputs/pretrain/klip", (), "pretrain"),
    "klip_model.py",
    "FUSAR-KLIP puts SAR chips and their captions into one space of unit vectors, for retrieval and as the GPT's eye.",
)
GPT: Final = RegisteredModel(
    ModelKind("fusar-gpt", "instruct", "outputs/instruct/gpt", ("fusar-klip",), "align"),
    "gpt_model.py",
    "FUSAR-GPT answers questions about SAR chips: counts, places, classes, land cover, descriptions, boxes.",
)
MODELS: Final = (KLIP, GPT)
