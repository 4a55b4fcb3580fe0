"""What can be wrong with the chips and annotations that pretraining reads."""

from components.contract.errors import FusarError


class PretrainingError(FusarError):
    """Base of the errors of this stage."""


class UnknownClause(PretrainingError):
    """A clause says what its field's closed list does not hold."""

    def __init__(self, chip_id: str, family: str, field: str, code: str) -> None:
        super().__init__(chip_id, family, field, code)
        self.chip_id, self.family, self.field, self.code = chip_id, family, field, code

    def __str__(self) -> str:
        return (
            f"annotations: chip {self.chip_id}: {self.family} field {self.field!r} cannot hold {self.code!r}. "
            "Correct the annotator, or add the code to components/records/families.py."
        )


class TooFewChips(PretrainingError):
    """The training split holds fewer annotated chips than one batch."""

    def __init__(self, found: int, batch_size: int) -> None:
        super().__init__(found, batch_size)
        self.found, self.batch_size = found, batch_size

    def __str__(self) -> str:
        return (
            f"chips: {self.found} annotated chips in the train split, but pretrain.batch_size is {self.batch_size}. "
            "Add scenes to the catalogue or make the batch smaller."
        )


class CaptionTooLong(PretrainingError):
    """A caption of the closed lists may have more tokens than the text encoder reads."""

    def __init__(self, tokens: int, max_length: int) -> None:
        super().__init__(tokens, max_length)
        self.tokens, self.max_length = tokens, max_length

    def __str__(self) -> str:
        return (
            f"pretrain.text.max_length: {self.max_length} is too short for captions of {self.tokens} tokens. Raise it."
        )


class FailedCheck(PretrainingError):
    """A critical expectation on the annotations does not hold."""

    def __init__(self, expectation: str, column: str) -> None:
        super().__init__(expectation, column)
        self.expectation, self.column = expectation, column

    def __str__(self) -> str:
        return (
            f"verdicts: critical expectation {self.expectation} on {self.column} failed. Correct the annotations first."
        )


class Diverged(PretrainingError):
    """A loss stopped being a finite number."""

    def __init__(self, step: int, loss: str) -> None:
        super().__init__(step, loss)
        self.step, self.loss = step, loss

    def __str__(self) -> str:
        return f"pretrain: loss {self.loss} is not finite at step {self.step}. Lower pretrain.learning_rate."
