"""What a tracking server answers instead of doing what it is asked."""

from components.contract.errors import FusarError


class TrackingError(FusarError):
    """Base of the errors of the tracking server."""


class ServerRefusal(TrackingError):
    """The server does not answer, does not know who asks, or does not let that account do it."""

    def __init__(self, uri: str, problem: str) -> None:
        super().__init__(uri, problem)
        self.uri, self.problem = uri, problem

    def __str__(self) -> str:
        return (
            f"{self.uri}: {self.problem}. MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD say who asks; "
            "docs/how-to/use-accounts.md says which permission each command needs."
        )
