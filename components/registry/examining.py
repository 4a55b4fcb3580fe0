"""Whether a ledger is whole: its own chain, its end as MLflow was told of it, and the verdicts that entries rest on."""

from collections.abc import Iterator

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from components.lineage.errors import LineageError
from components.lineage.journal import Fault
from components.lineage.versions import CHAIN_TAG, CHAMPION, with_alias
from components.registry.following import told_entry
from components.registry.ledger import Ledger, Written
from components.registry.verdicts import read_verdict


def faults_of(client: MlflowClient, ledger: Ledger, model: str) -> tuple[Fault, ...]:
    """Every fault of a model's ledger, each with the object that it is about.

    The chain of hashes proves all entries but the newest; that one is held against what MLflow was told when it was
    written. Who can write to both the remote and MLflow can still replace everything.
    """
    told = told_entry(client, model)  # first: an entry that is written meanwhile is then no fault
    broken = ledger.faults(model)
    try:
        entries = ledger.entries(model)
    except LineageError as error:
        return broken or (Fault("edited", str(error.args[0]), str(error.args[-1])),)
    return (*broken, *_end(entries, told, model), *_evidence(client, entries), *_alias(client, entries, model))


def _end(entries: tuple[Written, ...], told: tuple[int, str], model: str) -> Iterator[Fault]:
    number, sha256 = told
    if number > len(entries):
        path = entries[-1].line.path if entries else f"ledger/{model}"
        which = f"entry {number}" if number == len(entries) + 1 else f"entries {len(entries) + 1} to {number}"
        yield Fault("removed", path, f"{which} after it, of which MLflow was told: removed")
    elif number and entries[number - 1].sha256 != sha256:
        yield Fault("edited", entries[number - 1].line.path, "is not the entry of which MLflow was told")


def _evidence(client: MlflowClient, entries: tuple[Written, ...]) -> Iterator[Fault]:
    champion = ""
    for written in entries:
        entry, path = written.entry, written.line.path
        if entry.replaces != champion:
            yield Fault(
                "unproven", path, f"replaces version {entry.replaces or 'none'}, but champion was {champion or 'none'}"
            )
        champion = entry.version
        problem = _unproven(client, written)
        if problem:
            yield Fault("unproven", path, problem)


def _unproven(client: MlflowClient, written: Written) -> str:
    """What MLflow's version says against an entry; empty when it agrees."""
    entry = written.entry
    name = f"{entry.model}/{entry.version}"
    try:
        version = client.get_model_version(entry.model, entry.version)
    except MlflowException:
        return f"{name} is no longer in MLflow"
    if version.tags.get(CHAIN_TAG, "") != entry.chain:
        return f"{name} has another chain of work now: {version.tags.get(CHAIN_TAG, 'none')}"
    try:
        verdict = read_verdict(client, version, entry.verdict_sha256)
    except LineageError as error:
        return f"its verdict cannot be read: {error}"
    if (verdict["version"], verdict["passed"], verdict["champion"]) != (entry.version, True, entry.replaces):
        return "rests on a verdict about something else, or on a refusal"
    return ""


def _alias(client: MlflowClient, entries: tuple[Written, ...], model: str) -> Iterator[Fault]:
    alias = with_alias(client, model, CHAMPION)
    found = str(alias.version) if alias is not None else "none"
    if entries and found != entries[-1].entry.version:
        words = f"the alias {CHAMPION} is on {found}; `python -m components.registry reconcile --root .` sets it"
        yield Fault("unproven", entries[-1].line.path, words)
