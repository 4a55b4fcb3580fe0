"""What can be wrong with a request to a served model."""

from pathlib import Path

from components.contract.errors import FusarError


class BadRequest(FusarError):
    """A column of the request does not hold what the model needs."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(column, problem)
        self.column, self.problem = column, problem

    def __str__(self) -> str:
        return f"column {self.column!r}: {self.problem}. docs/how-to/serve-a-champion.md describes every column."


class NoServedFolder(FusarError):
    """A model is served with FUSAR_SERVE_FOLDER set to something that is no folder."""

    def __init__(self, variable: str, named: str) -> None:
        super().__init__(variable, named)
        self.variable, self.named = variable, named

    def __str__(self) -> str:
        return f"{self.variable}: {self.named!r} is no folder. Name the one whose chips may be asked for, or unset it."


class EmptyForPrediction(FusarError):
    """A scene holds no chip to ask about."""

    def __init__(self, path: Path, chip_size: int) -> None:
        super().__init__(path, chip_size)
        self.path, self.chip_size = path, chip_size

    def __str__(self) -> str:
        side = self.chip_size
        return (
            f"{self.path}: smaller than a chip ({side} x {side} pixels) or without a valid pixel. Give a larger scene."
        )


class UnknownBands(FusarError):
    """Nothing says what the bands of a scene are."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"{self.path}: neither a STAC item at ../items/{self.path.stem}.json nor options say what its bands are. "
            "Add --polarizations VV,VH --scale decibel (or linear, amplitude)."
        )


class RequestRefused(FusarError):
    """A registered model finds a row of a request that it cannot answer."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(model, problem)
        self.model, self.problem = model, problem

    def __str__(self) -> str:
        return f"{self.model}: refused the request: {self.problem}"


class ModelFailed(FusarError):
    """A registered model could not be loaded, or ended while it was asked."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        remedy = (
            "Its packages may be other than this environment's: serve it in its own (docs/how-to/serve-a-champion.md)."
        )
        return f"{self.model}: could not answer ({self.reason}). {remedy}"


class BadCollection(FusarError):
    """A STAC document cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: is no STAC item or collection that can be predicted: {self.problem}."


class NothingToPredict(FusarError):
    """There is no scene in what a person named."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        super().__init__(sources)
        self.sources = sources

    def __str__(self) -> str:
        return f"{', '.join(self.sources)}: no scene in it. Give GeoTIFFs, folders of them, or a STAC collection."


class NoAnswers(FusarError):
    """Every scene of a batch was set aside."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        lines = "\n  ".join(self.reasons)
        return f"no scene could be asked about:\n  {lines}"
