"""What keeps an installation from being mended or upgraded."""

from components.contract.errors import FusarError


class InstallationError(FusarError):
    """Base of the errors of mending or upgrading an installation."""


class StoreInUse(InstallationError):
    """Another process writes to MLflow's database while its artifact locations are to be rewritten."""

    def __init__(self, path: str, answer: str) -> None:
        super().__init__(path, answer)
        self.path = path
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.path}: in use ({self.answer}). End the retrain or `make down`, then call the doctor again."


class UpgradeFailed(InstallationError):
    """A tool could not bring its own tables to its own version."""

    def __init__(self, name: str, answer: str) -> None:
        super().__init__(name, answer)
        self.name, self.answer = name, answer

    def __str__(self) -> str:
        remedy = "The copy that was made before is whole; `fusar migrate` again goes on."
        return f"{self.name}: could not be upgraded ({self.answer}). {remedy}"


class NewerSchema(InstallationError):
    """Something that is kept was written by a newer version of the code."""

    def __init__(self, name: str, place: str, has: str, needs: str) -> None:
        super().__init__(name, place, has, needs)
        self.name, self.place, self.has, self.needs = name, place, has, needs

    def __str__(self) -> str:
        return (
            f"{self.name} at {self.place}: version {self.has}, but this code knows up to {self.needs}. "
            "Install the version that wrote it (`pip install -r requirements.lock` of its commit); nothing was changed."
        )
