"""Who was champion when: one journal a model, written by whoever promotes."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.lineage.errors import BrokenJournal, NumberTaken
from components.lineage.journal import PREVIOUS, Journal, Line
from components.registry.errors import LostRace

FOLDER: Final = "ledger"


class Entry(BaseModel):
    """One change of champion.

    Attributes:
        number: 1 for the first entry of a model.
        version: the champion from here on.
        replaces: the champion that the promoter expected and compared with; empty for the first.
        chain: digest of the work that made the version.
        verdict_sha256: of the artifact that says which gates it passed.
        previous_sha256: of the bytes of entry number-1.
        at: UTC time of writing, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    model: str
    action: Literal["promote"]
    version: str
    replaces: str
    chain: str
    verdict_sha256: str
    previous_sha256: str
    at: str


@dataclass(frozen=True)
class Written:
    """An entry with the line of the journal that holds it."""

    entry: Entry
    line: Line

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return self.line.sha256


class Ledger:
    """The ledger of all models, beside the objects of the DVC remote."""

    def __init__(self, url: str) -> None:
        """Take the folder that holds `ledger/`, as a path or an fsspec url (s3://bucket/prefix)."""
        self._url = url

    def entries(self, model: str) -> tuple[Written, ...]:
        """All entries of a model, the oldest first, with the chain of hashes checked.

        Raises:
            BrokenJournal: an entry is unreadable, is missing, or is not the one that its successor was written after.
        """
        return tuple(_written(model, line) for line in self._journal(model).lines())

    def champion(self, model: str) -> str:
        """Version that the ledger names champion; empty when there is none yet."""
        entries = self.entries(model)
        return entries[-1].entry.version if entries else ""

    def append(self, model: str, expected: tuple[Written, ...], **values: Any) -> Entry:
        """Write the entry after `expected`: who creates it has won.

        Args:
            model: registered name.
            expected: the entries that the promoter has seen.
            values: version, chain, verdict_sha256, at.

        Raises:
            LostRace: the entry exists already.
        """
        replaces = expected[-1].entry.version if expected else ""
        drawn = {"number": len(expected) + 1, PREVIOUS: "", "model": model, "action": "promote", "replaces": replaces}
        content = Entry(**{**drawn, **values}).model_dump()
        try:
            line = self._journal(model).append(tuple(written.line for written in expected), content)
        except NumberTaken as error:
            raise LostRace(model, len(expected) + 1) from error
        return _written(model, line).entry

    def _journal(self, model: str) -> Journal:
        return Journal(self._url, f"{FOLDER}/{model}")


def _written(model: str, line: Line) -> Written:
    try:
        entry = Entry.model_validate(line.content)
    except ValidationError as error:
        raise BrokenJournal(line.path, f"is no ledger entry ({error.error_count()} problems)") from error
    if entry.model != model:
        raise BrokenJournal(line.path, f"is entry {entry.number} of {entry.model}, not of {model}")
    return Written(entry, line)
