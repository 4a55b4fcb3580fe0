"""What can keep the garbage collection from starting."""

from components.contract.errors import FusarError


class CannotTell(FusarError):
    """What a version, a lock or a branch needs cannot be read, so nothing can be told from garbage."""

    def __init__(self, subject: str, cause: str) -> None:
        super().__init__(subject, cause)
        self.subject, self.cause = subject, cause

    def __str__(self) -> str:
        return f"{self.subject}: what it needs cannot be read ({self.cause}). Nothing was removed; mend that first."


class NotAnAge(FusarError):
    """The age limit is no number of days that can be counted back from now."""

    def __init__(self, days: float) -> None:
        super().__init__(days)
        self.days = days

    def __str__(self) -> str:
        return f"--older-than {self.days}: is no age. Give days from 0 to 36500; a fleet's clocks agree to minutes."
