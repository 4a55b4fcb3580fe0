"""What a gate is: a question to a version, answered with evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from pydantic import BaseModel, ConfigDict

from components.lineage.evaluations import ITEMS_FILE, fetch_evaluation, read_evaluation
from components.lineage.record import Evaluation, Lineage
from components.lineage.versions import fetch, read_lineage
from components.records.schemas import ITEMS
from components.records.tables import read_table
from components.registry.serving import Served, serve_once
from components.revisions.home import Home


class Settings(BaseModel):
    """Base of a gate's settings in promotion.yaml: unknown keys are errors, every key is written out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Outcome:
    """Whether a version passed one gate, why in one sentence, and the numbers behind it.

    Attributes:
        passed: whether the gate lets the version through.
        reason: one sentence, without the gate's name.
        evidence: what the answer rests on, as JSON types.
        waits_for_people: a refusal that needs no other model: people who have not answered yet can lift it.
    """

    passed: bool
    reason: str
    evidence: Mapping[str, Any]
    waits_for_people: bool = False


class Candidate:
    """A version as the gates see it: its record, its evaluation, its files; each is read once, when a gate asks."""

    def __init__(self, client: MlflowClient, version: ModelVersion, scratch: Path, home: Home) -> None:
        """Take a version, a folder of its own for the files that gates bring, and the repository that judges it."""
        self.client, self.version, self.scratch, self.home = client, version, scratch, home

    @property
    def name(self) -> str:
        """MODEL/VERSION."""
        return f"{self.version.name}/{self.version.version}"

    @cached_property
    def lineage(self) -> Lineage:
        """The record of what made it."""
        return read_lineage(self.client, self.version)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Its newest evaluation."""
        return read_evaluation(self.client, self.version)

    @cached_property
    def items(self) -> pa.Table:
        """The items behind the evaluation, schema ITEMS; only those of this model."""
        table = read_table(fetch_evaluation(self.client, self.version, ITEMS_FILE, self.scratch), ITEMS)
        return table.filter(pa.compute.equal(table["model"], self.version.name))

    @cached_property
    def served(self) -> Served:
        """How it answered in a server of its own: booted once, however many gates ask."""
        return serve_once(self.home, self.client, self.version, self.scratch)

    def model_folder(self) -> Path:
        """Its weights, configuration and tokenizer on disk."""
        folder = Path(self.lineage.model_folder.path).name
        return fetch(self.client, self.version, f"artifacts/{folder}", self.scratch)


@dataclass(frozen=True)
class Gate:
    """One gate: its name in promotion.yaml, its settings, and the function that judges.

    `judge(settings, candidate, champion)`; `champion` is None while there is none, and the candidate itself never.
    """

    name: str
    settings: type[Settings]
    judge: Callable[[Any, Candidate, Candidate | None], Outcome]
