"""What can go wrong while the clock runs."""

from components.contract.errors import FusarError

_CHARACTERS_SHOWN = 2000


class ContestantFailed(FusarError):
    """A contestant ended with an error, or did not say that it did what is measured: that is no fast time."""

    def __init__(self, name: str, reason: str, said: str) -> None:
        super().__init__(name, reason, said)
        self.name, self.reason, self.said = name, reason, said

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}. Mend it, then measure again. It said:\n{self.said[-_CHARACTERS_SHOWN:]}"


class NotMeasurable(FusarError):
    """A repository or an environment lacks what a benchmark reads."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"
