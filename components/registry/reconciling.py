"""After a kill: what registrations, verdicts and promotions left half done is finished; what the ledger says holds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion

from components.contract.errors import FusarError
from components.lineage.events.telling import tell_registration
from components.lineage.heeding import refuse_family
from components.lineage.journal import journal_url
from components.lineage.versions import (
    CHALLENGER,
    VERDICT_TAG,
    logged_model_id,
    open_registry,
    read_lineage,
    versions_of,
)
from components.lineage.withdrawals import withdrawn
from components.registry.finishing import FAILED, PENDING, complete, finish, logged_models, unregistered
from components.registry.following import follow
from components.registry.ledger import Ledger
from components.registry.models import MODELS
from components.registry.promotion import Promoter
from components.registry.verdicts import AWAITING, PASSED, finish_verdict, is_half_written, read_verdict
from components.revisions.home import Home
from components.tracking.runs import Tracking
from components.tracking.store import tracking_uri

REGISTER_LOCK: Final = "register.lock"
# On a store that several machines share, their registrations hold no lock here: only what is as old as this is taken
# for left over. From whole files to a version it takes seconds, an upload may take hours.
_SETTLED_S: Final = {"READY": 3600.0, PENDING: 86400.0}


@dataclass(frozen=True)
class Step:
    """One thing that was put right, or that nobody but a person can.

    Attributes:
        subject: a model, a version, or files that are no version.
        what: what was done, or what is wrong.
        is_mended: false where a person has to look.
    """

    subject: str
    what: str
    is_mended: bool = True

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


def reconcile(home: Home) -> tuple[Step, ...]:
    """Finish half registrations, half verdicts and half promotions, each by the writes that a kill left out.

    Nothing is decided here that was not decided before, but one thing: a version that no gate has judged yet is held
    against the policy, as its own retrain would have done.

    Returns:
        What was mended, and what could not be; nothing where all agreed. Asked again at once it has nothing to do.
    """
    client = open_registry(home.root)
    return tuple(
        step
        for model in MODELS
        for step in (*_registrations(home, client, model.name), *_promotions(home, client, model.name))
    )


def _registrations(home: Home, client: MlflowClient, model: str) -> Iterator[Step]:
    home.state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home.state / REGISTER_LOCK, timeout=0):  # a registration that runs is none that was cut short
            experiment = Tracking(home.root).experiment_id
            yield from _files(home, client, experiment, model)
            yield from _versions(home, client, experiment, model)
    except Timeout:
        return


def _files(home: Home, client: MlflowClient, experiment: str, model: str) -> Iterator[Step]:
    """Whole files become versions, files that no upload finished are marked."""
    for logged in unregistered(client, experiment, model):
        if _is_settled(home, logged):
            yield _finished(home, client, logged)
    for logged in logged_models(client, experiment, model):
        if logged.status == PENDING and _is_settled(home, logged):
            client.finalize_logged_model(logged.model_id, FAILED)
            yield Step(f"{model} {logged.model_id}", "its upload was cut short; marked FAILED")


def _finished(home: Home, client: MlflowClient, logged: LoggedModel) -> Step:
    files = f"{logged.name} {logged.model_id}"
    try:
        not_yet = ModelVersion(str(logged.name), "0", 0, source=f"models:/{logged.model_id}")
        refuse_family(client, str(logged.name), read_lineage(client, not_yet), withdrawn(home))
        version = finish(home, client, logged)
        tell_registration(home, read_lineage(client, version), str(version.version))
    except FusarError as error:
        return Step(files, f"cannot be registered: {error}", is_mended=False)
    return Step(f"{version.name}/{version.version}", "made of files that a registration had left without a version")


def _versions(home: Home, client: MlflowClient, experiment: str, model: str) -> Iterator[Step]:
    """Versions get the tags, card and hold that they lack."""
    files = {logged.model_id: logged for logged in logged_models(client, experiment, model)}
    for version in reversed(versions_of(client, model)):
        logged = files.get(logged_model_id(version))
        name = f"{model}/{version.version}"
        try:
            done = complete(home, client, version, logged) if logged is not None else ()
        except FusarError as error:
            yield Step(name, str(error), is_mended=False)
            continue
        if done:
            yield Step(name, f"wrote its {', its '.join(done)}")


def _promotions(home: Home, client: MlflowClient, model: str) -> Iterator[Step]:
    ledger = Ledger(journal_url(home.root))
    try:
        done = follow(client, ledger, model)
        if done:
            yield Step(model, "; ".join(done))
        yield from _half_verdicts(client, model)
        yield from _verdicts(Promoter(home), versions_of(client, model), bool(ledger.entries(model)))
        yield from _challenger(client, ledger, model)
    except FusarError as error:
        yield Step(model, str(error), is_mended=False)


def _half_verdicts(client: MlflowClient, model: str) -> Iterator[Step]:
    for version in versions_of(client, model):
        if is_half_written(version):
            finish_verdict(client, version)
            yield Step(f"{model}/{version.version}", "wrote the tags of its verdict")


def _verdicts(promoter: Promoter, versions: list[ModelVersion], has_champion: bool) -> Iterator[Step]:
    """Versions that no gate has judged are judged; the newest as its own retrain would have done."""
    for place, version in enumerate(versions):
        model, number = str(version.name), str(version.version)
        said = str(version.tags.get(VERDICT_TAG, ""))
        # A first version that passed and yet is no champion: the kill came before the ledger's entry.
        if place == 0 and (not said or (said.startswith(f"{PASSED} ") and not has_champion)):
            yield Step(f"{model}/{number}", f"held against the policy: {promoter.consider(model, number).state}")
        elif not said:
            word = PASSED if promoter.record(model, number).passed else "refused"
            yield Step(f"{model}/{number}", f"held against the policy: {word}")


def _challenger(client: MlflowClient, ledger: Ledger, model: str) -> Iterator[Step]:
    """The newest version is challenger when its verdict says so and the alias was left out."""
    newest = next(iter(versions_of(client, model)), None)
    said = str(newest.tags.get(VERDICT_TAG, "")) if newest is not None else ""
    if newest is None or not said:
        return
    number = str(newest.version)
    alias = client.get_registered_model(model).aliases.get(CHALLENGER)
    crowned = {written.entry.version for written in ledger.entries(model)}
    if number in crowned or (alias is not None and int(alias) >= int(number)):
        return
    if read_verdict(client, newest, said.partition(" ")[2])["state"] in (CHALLENGER, AWAITING):
        client.set_registered_model_alias(model, CHALLENGER, number)
        yield Step(f"{model}/{number}", f"alias {CHALLENGER} set")


def _is_settled(home: Home, logged: LoggedModel) -> bool:
    if tracking_uri(home.root).startswith("sqlite:"):
        return True
    return bool(time.time() - logged.last_updated_timestamp / 1000 > _SETTLED_S[str(logged.status)])
