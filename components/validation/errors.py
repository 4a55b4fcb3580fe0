"""What stops the chain: an expectation of severity critical that does not hold."""

from dataclasses import dataclass

from components.contract.errors import FusarError


@dataclass(frozen=True)
class Failure:
    """One critical expectation that failed, with the rows that failed it (at most 20 ids)."""

    suite: str
    expectation: str
    column: str
    unexpected: int
    examples: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        more = self.unexpected - len(self.examples)
        ids = ", ".join(self.examples) + (f" and {more} more" if more > 0 else "")
        return (
            f"suite {self.suite}, {self.expectation} on {self.column}: {self.unexpected} failed: {ids}. {self.remedy}"
        )


class CriticalValidationError(FusarError):
    """A check stage found what no later stage may be built on."""

    def __init__(self, stage: str, failures: tuple[Failure, ...]) -> None:
        super().__init__(stage, failures)
        self.stage = stage
        self.failures = failures

    def __str__(self) -> str:
        lines = "\n  ".join(str(failure) for failure in self.failures)
        return f"{self.stage}: {len(self.failures)} critical expectations do not hold\n  {lines}"
