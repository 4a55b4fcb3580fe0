"""What can be wrong with a model folder that came from somewhere else."""

from pathlib import Path

from components.contract.errors import FusarError


class NetworkError(FusarError):
    """Base of the errors of this package."""


class BadWeights(NetworkError):
    """A weights file cannot be read, or one of its tensors does not belong to the module."""

    def __init__(self, path: Path, tensor: str, problem: str) -> None:
        super().__init__(path, tensor, problem)
        self.path, self.tensor, self.problem = path, tensor, problem

    def __str__(self) -> str:
        where = f"{self.path}: tensor {self.tensor!r}" if self.tensor else f"{self.path}:"
        return f"{where} {self.problem}. Take the folder from the run that made it, or train the model again."


class BadModelConfig(NetworkError):
    """The configuration or tokenizer beside the weights is missing, unreadable or holds a value out of range."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. Take the folder from the run that made it, or train the model again."


class BadChip(NetworkError):
    """A chip's shape or polarizations do not suit the network."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"chip: {self.problem}. Cut the scene with the parameters that the model was trained with."
