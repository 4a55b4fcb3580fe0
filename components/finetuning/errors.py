"""What can be wrong with the data or the choices of a fine-tuning stage."""

from components.contract.errors import FusarError


class FinetuningError(FusarError):
    """Base of the errors of this package."""


class NoTrainingData(FinetuningError):
    """No chip of the train split has anything to learn from."""

    def __init__(self, stage: str, wanted: str) -> None:
        super().__init__(stage, wanted)
        self.stage, self.wanted = stage, wanted

    def __str__(self) -> str:
        return (
            f"{self.stage}: no chip of the train split has {self.wanted}. Look at `dvc repro` of the stages before it."
        )


class TooLong(FinetuningError):
    """A chip's questions and answers need more tokens than max_tokens; cutting them would cut boxes."""

    def __init__(self, chip_id: str, tokens: int, most: int) -> None:
        super().__init__(chip_id, tokens, most)
        self.chip_id, self.tokens, self.most = chip_id, tokens, most

    def __str__(self) -> str:
        remedy = f"Raise max_tokens (now {self.most}) or ask fewer questions."
        return f"chip {self.chip_id}: needs {self.tokens} tokens. {remedy}"


class UnknownCaption(FinetuningError):
    """A clause of the corpus says what its field cannot hold."""

    def __init__(self, chip_id: str, field: str, code: str) -> None:
        super().__init__(chip_id, field, code)
        self.chip_id, self.field, self.code = chip_id, field, code

    def __str__(self) -> str:
        return f"corpus, chip {self.chip_id}: field {self.field} cannot say {self.code!r}. Run `dvc repro pretrain`."


class UnsuitedParts(FinetuningError):
    """`trained` names a part that this kind of model does not have or does not store."""

    def __init__(self, stage: str, part: str, kind: str) -> None:
        super().__init__(stage, part, kind)
        self.stage, self.part, self.kind = stage, part, kind

    def __str__(self) -> str:
        parts = "vision, tlm, language" if self.kind == "scratch" else "tlm, lora"
        of = "a model from scratch (base_model: null)" if self.kind == "scratch" else "a pretrained base_model"
        return f"{self.stage}.trained: {self.part!r} cannot be trained in {of}. Choose from {parts}."
