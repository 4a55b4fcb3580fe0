"""What can be wrong with a request to a served model."""

from components.contract.errors import FusarError


class BadRequest(FusarError):
    """A column of the request does not hold what the model needs."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(column, problem)
        self.column, self.problem = column, problem

    def __str__(self) -> str:
        return f"column {self.column!r}: {self.problem}. The model's signature and input example show a good request."
