"""Whether a person's word on a candidate was followed by a verdict, and the verdict that follows."""

from collections.abc import Iterator
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.journal import journal_url
from components.lineage.versions import open_registry, versions_of
from components.registry.approvals import Approval, approvals_of
from components.registry.ledger import Ledger
from components.registry.models import MODELS
from components.registry.promotion import Promoter
from components.registry.verdicts import Verdict
from components.revisions.home import Home

ANSWERED_TAG: Final = "fusar.approvals.answered"  # number of the newest statement that a verdict has followed


def judge_again(home: Home, model: str, version: str) -> Verdict:
    """Promote a version if every gate is passed now, and mark the words that were heard.

    Raises:
        LostRace: another promotion was written since this one looked.
        BrokenJournal: an entry was changed.
    """
    client = open_registry(home.root)
    stated = approvals_of(home, client.get_model_version(model, version))
    verdict = Promoter(home).promote(model, version)
    if stated:
        client.set_model_version_tag(model, version, ANSWERED_TAG, str(stated[-1].number))
    return verdict


def unanswered(home: Home) -> tuple[Approval, ...]:
    """The newest statement about each version that no verdict has followed: its event was lost.

    Raises:
        BrokenJournal: an entry was changed.
    """
    client = open_registry(home.root)
    return tuple(found for model in MODELS for found in _unanswered(home, client, model.name))


def _unanswered(home: Home, client: MlflowClient, model: str) -> Iterator[Approval]:
    crowned = [written.entry for written in Ledger(journal_url(home.root)).entries(model)]
    for version in reversed(versions_of(client, model)):
        stated = approvals_of(home, version)
        # A kill may have come between the ledger and the tag; a champion of the past is not crowned again for that.
        is_crowned = any(
            entry.version == str(version.version) and entry.at >= stated[-1].at for entry in crowned if stated
        )
        if stated and not is_crowned and _answered(version) < stated[-1].number:
            yield stated[-1]


def _answered(version: ModelVersion) -> int:
    return int(version.tags.get(ANSWERED_TAG, "0"))
