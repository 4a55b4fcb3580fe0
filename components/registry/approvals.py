"""Who said that a version may go live, or may not: each statement names exactly the bytes that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.lineage.errors import BrokenJournal, NumberTaken
from components.lineage.journal import Journal, Line, journal_url
from components.registry.candidate_digest import candidate_digest as candidate_digest
from components.registry.errors import UnsaidApproval
from components.revisions.home import Home
from components.tracking.identity import signed_in

FOLDER: Final = "approvals"
APPROVALS_TAG: Final = "fusar.approvals"
Action = Literal["approve", "reject"]
_TAG_LIMIT: Final = 1000
_SAID: Final = {"approve": "approved", "reject": "rejected"}


class Approval(BaseModel):
    """One statement of one person about one version; the content of an entry of the journal `approvals/<model>`.

    Attributes:
        number: 1 for the first entry of a model.
        previous_sha256: of the bytes of entry number-1.
        model: registered name.
        version: number of the version.
        action: approve or reject; the newest of a person counts.
        name: of the person.
        verified: whether MLflow's accounts vouch for the name; false where it was given by hand.
        reason: in the person's own words.
        digest: of what the statement is about (`candidate_digest`); on anything else it is void.
        at: UTC time of writing, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    number: int = Field(ge=1)
    previous_sha256: str
    model: str
    version: str
    action: Action
    name: str
    verified: bool
    reason: str
    digest: str
    at: str

    @property
    def in_words(self) -> str:
        """`approved by anna (unverified)`."""
        return f"{_SAID[self.action]} by {self.name}{'' if self.verified else ' (unverified)'}"


@dataclass(frozen=True)
class Person:
    """Who speaks: a name, and whether MLflow's accounts vouch for it."""

    name: str
    verified: bool


def who_speaks(root: Path, given: str) -> Person:
    """The account that MLflow's server knows this process by; where it has none, the name given by hand.

    Raises:
        UnsaidApproval: there is neither, or the given name is not the account's.
        ServerRefusal: the server does not know the account.
    """
    account, given = signed_in(root), given.strip()
    if account is None and not given:
        raise UnsaidApproval("name", "MLflow has no accounts here; say who you are: --name NAME")
    if account is not None and given not in ("", account):
        raise UnsaidApproval("name", f"MLflow knows you as {account}, not as {given}; leave --name out")
    return Person(account or given, account is not None)


def approve(home: Home, client: MlflowClient, version: ModelVersion, reason: str, person: Person) -> Approval:
    """Write that a person wants a version live, as it is now.

    Raises:
        UnsaidApproval: there is no reason.
        ServerRefusal: the account may not write about the version; nothing was written.
    """
    return _state(home, client, version, reason, (person, "approve"))


def reject(home: Home, client: MlflowClient, version: ModelVersion, reason: str, person: Person) -> Approval:
    """Write that a person does not want a version live, as it is now.

    Raises:
        UnsaidApproval: there is no reason.
        ServerRefusal: the account may not write about the version; nothing was written.
    """
    return _state(home, client, version, reason, (person, "reject"))


def approvals_of(home: Home, version: ModelVersion) -> tuple[Approval, ...]:
    """All statements about a version, the oldest first, those about other bytes of it included.

    Raises:
        BrokenJournal: an entry was changed, or is none.
    """
    model = str(version.name)
    found = (_approval(model, line) for line in _journal(home, model).lines())
    return tuple(approval for approval in found if approval.version == str(version.version))


def standing(approvals: Sequence[Approval], digest: str) -> Mapping[str, Approval]:
    """Each person's newest statement, by name; only where it is about the bytes of that digest."""
    newest = {approval.name: approval for approval in approvals}
    return {name: approval for name, approval in newest.items() if approval.digest == digest}


def tell_version(client: MlflowClient, version: ModelVersion, approvals: Sequence[Approval]) -> None:
    """Write each person's newest statement on the version, for MLflow's page; the journal stays what counts."""
    newest = {approval.name: approval.in_words for approval in approvals}
    text = "; ".join(newest.values()) or "none"
    tag = (str(version.name), str(version.version), APPROVALS_TAG, text[:_TAG_LIMIT])
    try:
        client.set_model_version_tag(*tag)
    except MlflowException as error:
        # MLflow looks whether the tag is there and then inserts it: of two who are the first, one fails.
        if "unique constraint" not in str(error).lower():
            raise
        client.set_model_version_tag(*tag)


def _state(
    home: Home, client: MlflowClient, version: ModelVersion, reason: str, said: tuple[Person, Action]
) -> Approval:
    if not reason.strip():
        raise UnsaidApproval("reason", "say why in a few words: --reason TEXT")
    # The journal knows no accounts: whoever may not write on the version is refused here, before anything is kept.
    tell_version(client, version, approvals_of(home, version))
    digest = candidate_digest(client, version)
    (person, action), at = said, datetime.now(UTC).isoformat(timespec="seconds")
    content = {
        "schema_version": 1,
        "model": str(version.name),
        "version": str(version.version),
        "action": action,
        "name": person.name,
        "verified": person.verified,
        "reason": reason.strip(),
        "digest": digest,
        "at": at,
    }
    written = _approval(str(version.name), _append(_journal(home, str(version.name)), content))
    tell_version(client, version, approvals_of(home, version))
    return written


def _append(journal: Journal, content: Mapping[str, object]) -> Line:
    """Write after whatever stands: unlike a promotion, a statement does not depend on what others have said."""
    while True:
        try:
            return journal.append(journal.lines(), content)
        except NumberTaken:  # each time somebody else has written one, so this ends
            continue


def _approval(model: str, line: Line) -> Approval:
    try:
        approval = Approval.model_validate(line.content)
    except ValidationError as error:
        raise BrokenJournal(line.path, f"is no approval ({error.error_count()} problems)") from error
    if approval.model != model:
        raise BrokenJournal(line.path, f"is about {approval.model}, not about {model}")
    return approval


def _journal(home: Home, model: str) -> Journal:
    return Journal(journal_url(home.root), f"{FOLDER}/{model}")
