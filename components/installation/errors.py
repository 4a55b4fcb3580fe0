"""What keeps the doctor from mending."""

from components.contract.errors import FusarError


class InstallationError(FusarError):
    """Base of the errors of mending an installation."""


class StoreInUse(InstallationError):
    """Another process writes to MLflow's database while its artifact locations are to be rewritten."""

    def __init__(self, path: str, answer: str) -> None:
        super().__init__(path, answer)
        self.path = path
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.path}: in use ({self.answer}). End the retrain or `make down`, then call the doctor again."
