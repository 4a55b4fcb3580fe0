"""What can keep scenes from being compared with a champion's baseline."""

from components.contract.errors import FusarError


class MonitoringError(FusarError):
    """Base of every error of this package."""


class NoBaseline(MonitoringError):
    """A version was registered before versions kept a baseline."""

    def __init__(self, version: str, path: str) -> None:
        super().__init__(version, path)
        self.version, self.path = version, path

    def __str__(self) -> str:
        return (
            f"{self.version}: keeps no {self.path}, for it was registered before versions had a baseline. The next "
            "version that a retrain makes has one; promote it, or name it with --model."
        )


class NoParent(MonitoringError):
    """A version does not say which fusar-klip version it starts from."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return (
            f"{self.version}: its lineage names no fusar-klip version, whose baseline is needed. Name another version."
        )


class BadMonitoringPolicy(MonitoringError):
    """monitoring.yaml cannot be used."""

    def __init__(self, path: str, problems: str) -> None:
        super().__init__(path, problems)
        self.path, self.problems = path, problems

    def __str__(self) -> str:
        return f"{self.path}: {self.problems}. docs/how-to/watch-for-drift.md says what each key means."


class NothingToCompare(MonitoringError):
    """Neither scenes nor predictions were given, or there are none in what was given."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.given = given

    def __str__(self) -> str:
        if not self.given:
            return "nothing to compare: give --scenes FOLDER, --predictions FOLDER, or both."
        return f"{self.given}: holds nothing to compare. Give a data folder with items/, or a folder of predictions."
