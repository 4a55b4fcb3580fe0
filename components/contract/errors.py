"""The base of every error that a user can mend."""


class FusarError(Exception):
    """Bad input or configuration: the message names the file or field, what is wrong, and the remedy.

    Commands print the message alone and exit with 1; any other exception is our own mistake and keeps its traceback.
    """


class ParamsError(FusarError):
    """A key of params.yaml is unknown, missing or out of range."""

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        lines = "\n  ".join(self.problems)
        return f"{self.path}: correct these parameters (docs/reference/params.md describes each):\n  {lines}"


class MissingInput(FusarError):
    """A stage was started before the file that it reads exists."""

    def __init__(self, stage: str, path: str) -> None:
        super().__init__(stage, path)
        self.stage = stage
        self.path = path

    def __str__(self) -> str:
        remedy = f"Run `dvc repro {self.stage}` or `dvc pull`."
        return f"{self.path}: stage {self.stage} reads it, but it does not exist. {remedy}"
