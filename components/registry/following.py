"""MLflow's side of the ledger: the alias champion and a tag with the newest entry follow what the ledger decided."""

from typing import Final

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from components.lineage.versions import CHALLENGER, CHAMPION
from components.registry.errors import ForgottenEntry, LostChampion
from components.registry.ledger import Ledger, Written
from components.registry.upserting import upsert

LEDGER_TAG: Final = "fusar.ledger"  # of the registered model: number and hash of the newest entry, seen from outside


def follow(client: MlflowClient, ledger: Ledger, model: str) -> tuple[str, ...]:
    """Write what MLflow lacks of the ledger's newest entry.

    The ledger is read again after each write: whoever was slower than another promoter, and set the alias by an older
    entry, sees that and sets it right. So the last one to write agrees with the ledger.

    Returns:
        What was written, in words; nothing where both agreed.

    Raises:
        BrokenJournal: an entry was changed.
        ForgottenEntry: the ledger does not have what MLflow was told of.
        LostChampion: the registry does not have the champion.
    """
    done: list[str] = []
    while True:
        written = _write(client, model, seen_entries(client, ledger, model))
        if not written:
            return tuple(done)
        done += written


def seen_entries(client: MlflowClient, ledger: Ledger, model: str) -> tuple[Written, ...]:
    """All entries of a model, the newest that MLflow was told of among them: the end of a chain vouches for itself.

    Raises:
        BrokenJournal: an entry was changed.
        ForgottenEntry: the ledger does not have what MLflow was told of.
    """
    # MLflow first: an entry that somebody writes between the two is then news, and not missing.
    number, sha256 = told_entry(client, model)
    entries = ledger.entries(model)
    if number and (len(entries) < number or entries[number - 1].sha256 != sha256):
        raise ForgottenEntry(model, number, sha256)
    return entries


def told_entry(client: MlflowClient, model: str) -> tuple[int, str]:
    """Number and hash of the newest entry that MLflow was told of; 0 and nothing where it was told of none."""
    try:
        number, _, sha256 = client.get_registered_model(model).tags.get(LEDGER_TAG, "").partition(" ")
    except MlflowException:  # no such model
        return 0, ""
    return (int(number), sha256) if number.isdigit() else (0, "")


def _write(client: MlflowClient, model: str, entries: tuple[Written, ...]) -> list[str]:
    if not entries:
        return []
    newest, done = entries[-1], []
    version, told = newest.entry.version, f"{newest.entry.number} {newest.sha256}"
    registered = client.get_registered_model(model)
    aliases = {name: str(number) for name, number in registered.aliases.items()}
    if aliases.get(CHAMPION) != version:
        try:
            upsert(client.set_registered_model_alias, model, CHAMPION, version)
        except MlflowException as error:
            raise LostChampion(model, version) from error
        done.append(f"alias {CHAMPION} set to version {version}")
    if aliases.get(CHALLENGER) == version and _is_taken(client, model):
        done.append(f"alias {CHALLENGER} taken from version {version}")
    if registered.tags.get(LEDGER_TAG) != told:
        upsert(client.set_registered_model_tag, model, LEDGER_TAG, told)
        done.append(f"tag {LEDGER_TAG} set to entry {newest.entry.number}")
    return done


def _is_taken(client: MlflowClient, model: str) -> bool:
    """Take the alias challenger away; false where the account may promote but not take aliases (MANAGE) in MLflow.

    The alias then stays on the champion until somebody else's promotion, or the next challenger.
    """
    try:
        client.delete_registered_model_alias(model, CHALLENGER)
    except MlflowException as error:
        if error.error_code != "PERMISSION_DENIED":
            raise
        return False
    return True
