"""Who was champion when, and why: one journal a model, written by whoever promotes or rolls back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.lineage.errors import BrokenJournal, NumberTaken
from components.lineage.journal import PREVIOUS, Fault, Journal, Line
from components.registry.errors import LostRace

FOLDER: Final = "ledger"
SCHEMA: Final = 2
PROMOTE: Final = "promote"
ROLLBACK: Final = "rollback"
Action = Literal["promote", "rollback"]


class Answer(BaseModel):
    """What one gate said when the entry was written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: str
    passed: bool
    reason: str


class Entry(BaseModel):
    """One change of champion. Entries of before the second schema know neither reason, nor names, nor answers.

    Attributes:
        schema_version: 2; an entry without it is of the first.
        number: 1 for the first entry of a model.
        action: promote, or rollback to a version that was champion before.
        version: the champion from here on.
        replaces: the champion that the promoter expected and compared with; empty for the first.
        chain: digest of the work that made the version.
        reason: why, in the words of who did it; empty where the gates' answers are the reason.
        by: name of who did it.
        verified: whether MLflow's server vouches for that name.
        verdict: what each gate said.
        verdict_sha256: of the version's artifact that has the evidence behind it.
        approvals: who had approved the version, as the gate that asks for approvals has it.
        previous_sha256: of the bytes of entry number-1.
        at: UTC time of writing, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1, 2] = 1
    number: int = Field(ge=1)
    model: str
    action: Action
    version: str
    replaces: str
    chain: str
    reason: str = ""
    by: str = ""
    verified: bool = False
    verdict: tuple[Answer, ...] = ()
    verdict_sha256: str
    approvals: tuple[Mapping[str, Any], ...] = ()
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

    def faults(self, model: str) -> tuple[Fault, ...]:
        """What the objects themselves say of entries that were edited, removed or put there."""
        return self._journal(model).faults()

    def champion(self, model: str) -> str:
        """Version that the ledger names champion; empty when there is none yet."""
        entries = self.entries(model)
        return entries[-1].entry.version if entries else ""

    def append(self, model: str, expected: tuple[Written, ...], **values: Any) -> Entry:
        """Write the entry after `expected`: who creates it has won.

        Args:
            model: registered name.
            expected: the entries that the promoter has seen.
            values: of the entry; at least version, chain, verdict_sha256, at.

        Raises:
            LostRace: the entry exists already.
        """
        replaces = expected[-1].entry.version if expected else ""
        drawn = {"number": len(expected) + 1, PREVIOUS: "", "model": model, "action": PROMOTE, "replaces": replaces}
        content = Entry(**{"schema_version": SCHEMA, **drawn, **values}).model_dump(mode="json")
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
