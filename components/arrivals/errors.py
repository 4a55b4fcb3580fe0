"""What can be wrong with a place where new data is expected, or with a notification that there is some."""

from pathlib import Path

from components.contract.errors import FusarError
from components.rasters.errors import SceneError


class ArrivalError(FusarError):
    """Base of the errors of new data."""


class NoSuchBranch(ArrivalError):
    """The git remote has no branch of this name."""

    def __init__(self, remote: str, branch: str) -> None:
        super().__init__(remote, branch)
        self.remote = remote
        self.branch = branch

    def __str__(self) -> str:
        return (
            f"branch {self.branch!r}: remote {self.remote!r} has none of this name. "
            f"`git ls-remote --heads {self.remote}` lists what it has; correct the parameters of `watch`."
        )


class CatalogueUnreachable(ArrivalError):
    """A STAC API does not answer as one."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url = url
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.url}: no answer of a STAC API ({self.problem}). Correct the address, or wait until it is back."


class CannotFilter(ArrivalError):
    """A STAC API cannot be asked for what was updated."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return (
            f"{self.url}: it can be searched by `datetime` alone: it declares neither the filter nor the query "
            "extension. Set `by: datetime` for it."
        )


class TooManyItems(ArrivalError):
    """A search finds more items than one poll takes."""

    def __init__(self, url: str, limit: int) -> None:
        super().__init__(url, limit)
        self.url = url
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.url}: more than {self.limit} new items at once, and none is told. "
            "Name collections or a bbox, or set a later `since`."
        )


class RefusedItem(ArrivalError):
    """An item cannot become a scene, however often it is tried."""

    def __init__(self, item: str, problem: str) -> None:
        super().__init__(item, problem)
        self.item = item
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.item[:100]!a}: {self.problem}"


class AssetUnreachable(ArrivalError):
    """An asset does not come now; the next look goes on where this one stopped."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(address, problem)
        self.address = address
        self.problem = problem

    def __str__(self) -> str:
        then = "The next look, or the same command, goes on where this one stopped."
        return f"{self.address[:300]!a}: {self.problem}. {then}"


class OtherPart(AssetUnreachable):
    """A server sends other bytes of a file than it was asked for."""


class NoSignature(AssetUnreachable):
    """The address that gives shared access signatures gives none."""

    def __str__(self) -> str:
        then = "Correct `tokens` of the source, or wait until it answers: the same command then goes on."
        return f"{self.address[:300]!a}: no shared access signature ({self.problem}). {then}"


class ItemsLeft(ArrivalError):
    """Some items of a look have become scenes, and others do not come now."""

    def __init__(self, done: str, problem: str) -> None:
        super().__init__(done, problem)
        self.done = done
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.done}; {self.problem}"


class BadCursor(ArrivalError):
    """What says how far a STAC API was read cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: says how far a STAC API was read, but {self.problem}. Remove it: `since` counts again."


class NoSecret(ArrivalError):
    """Notifications cannot be told from forgeries."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"secret of notifications: {self.problem}. Write at least 16 characters (`openssl rand -hex 32`) into a "
            "file that FUSAR_WEBHOOK_SECRET_FILE names, and the same into the webhook of the repository."
        )


class CannotListen(ArrivalError):
    """The receiver of notifications gets no port."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(address, problem)
        self.address = address
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.address}: cannot listen there ({self.problem}). Choose another with --host and --port."


class Refused(ArrivalError):
    """A notification is not acted upon."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(status, problem)
        self.status = status
        self.problem = problem

    def __str__(self) -> str:
        return f"notification refused: {self.problem}"


class BadSources(ArrivalError):
    """sources.yaml cannot be used."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(file, problem)
        self.file = file
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}. docs/how-to/pull-scenes.md says what may stand there."


class NoSuchSource(ArrivalError):
    """sources.yaml names no STAC API so."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        has = f"it names {', '.join(self.known)}" if self.known else "it names none"
        return f"{self.name[:100]!a}: sources.yaml does not say where that is; {has}. Write its address there first."


class BadQuestion(ArrivalError):
    """What is asked of a STAC API cannot be read."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(option, problem)
        self.option = option
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.option}: {self.problem}."


class BadIndex(ArrivalError):
    """The index of AlphaEarth's tiles cannot be used."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(file, problem)
        self.file = file
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}: no index of AlphaEarth's tiles ({self.problem}). Correct `alphaearth` in sources.yaml."


class NoDriver(ArrivalError):
    """The package that reads addresses of this kind is not installed."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        return (
            f"{self.address[:300]!a}: s3fs, which reads such addresses, is not installed. "
            "`pip install -r requirements.lock -r requirements-fleet.lock` brings it."
        )


class NotFetched(SceneError):
    """An address of a host that sources.yaml does not name, that leads nowhere, or whose checksum is another."""

    code = "not-fetched"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Correct the address, or allow its host in sources.yaml."
