"""Stages, versions and champions in the words of OpenLineage: runs of jobs that read and write datasets."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final, Literal

import attr
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    parent_run,
    source_code_location_job,
)
from openlineage.client.generated.base import RunFacet

from components.lineage.record import Content
from components.revisions import git
from components.revisions.home import Home

PRODUCER: Final = f"https://pypi.org/project/fusar-mlops/{metadata.version('fusar-mlops')}"
INTEGRATION: Final = "FUSAR"
_OURS: Final = uuid.UUID("6f2b64a1-6d0c-5b7a-9d55-0d4a3f1f7c11")  # names our own runs; any constant would do
State = Literal["START", "COMPLETE", "FAIL", "ABORT"]


@attr.define
class FusarRunFacet(RunFacet):  # type: ignore[misc]
    """What the standard has no facet for: a flat mapping of our own facts."""

    facts: dict[str, Any] = attr.field(factory=dict)


@dataclass(frozen=True)
class Told:
    """A run of a job, told once at its start and once at its end.

    Attributes:
        run_id: a UUID, or 32 hexadecimal digits (an MLflow run id); other names are turned into one.
        job: its name, unique in the repository.
        kind: STAGE, REGISTRATION, PROMOTION or PREDICTION.
        description: a sentence about the job.
        commit: whose code it ran, "" where it is not one commit's.
        parent: name and run id of the job that started it.
        inputs: what it read.
        outputs: what it wrote; also said at its start as far as they are known.
        facts: of our own.
        failure: why it failed.
    """

    run_id: str
    job: str
    kind: str
    description: str
    commit: str = ""
    parent: tuple[str, str] | None = None
    inputs: tuple["DatasetVersion", ...] = ()
    outputs: tuple["DatasetVersion", ...] = ()
    facts: Mapping[str, Any] | None = None
    failure: str = ""


@dataclass(frozen=True)
class DatasetVersion:
    """A file, folder or model at one version: DVC's md5, or the number in the registry."""

    namespace: str
    name: str
    version: str


def files(home: Home, contents: Iterable[Content]) -> tuple[DatasetVersion, ...]:
    """Files and folders of the repository by their md5."""
    return tuple(DatasetVersion(f"dvc://{home.root.name}", content.path, content.md5) for content in contents)


def model(home: Home, name: str, version: str) -> DatasetVersion:
    """A version of a registered model."""
    return DatasetVersion(f"mlflow://{home.root.name}", name, version)


def event(home: Home, told: Told, state: State) -> RunEvent:
    """A run event of the OpenLineage standard (spec 2-0-2)."""
    namespace = f"fusar://{home.root.name}"
    return RunEvent(
        eventType=RunState[state],
        eventTime=datetime.now(UTC).isoformat(timespec="milliseconds"),
        producer=PRODUCER,
        run=Run(run_uuid(told.run_id), _run_facets(told, namespace)),
        job=Job(namespace, told.job, _job_facets(home, told)),
        inputs=[InputDataset(each.namespace, each.name, facets=_version(each)) for each in told.inputs],
        outputs=[OutputDataset(each.namespace, each.name, facets=_version(each)) for each in told.outputs],
    )


def run_uuid(name: str) -> str:
    """A UUID as OpenLineage wants it: the name itself where it is one, else always the same one for a name."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(_OURS, name))


def _run_facets(told: Told, namespace: str) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    if told.parent is not None:
        name, run_id = told.parent
        facets["parent"] = parent_run.ParentRunFacet(
            parent_run.Run(run_uuid(run_id)), parent_run.Job(namespace=namespace, name=name), producer=PRODUCER
        )
    if told.failure:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(told.failure, "python", producer=PRODUCER)
    if told.facts:
        facets["fusar"] = FusarRunFacet(facts=dict(told.facts), producer=PRODUCER)  # type: ignore[call-arg]
    return facets


def _job_facets(home: Home, told: Told) -> dict[str, Any]:
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet("BATCH", INTEGRATION, told.kind, producer=PRODUCER),
        "documentation": documentation_job.DocumentationJobFacet(told.description, producer=PRODUCER),
    }
    if told.commit:
        url = git.origin(home.root) or home.root.as_uri()
        facets["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
            "git", url, repoUrl=url, version=told.commit, producer=PRODUCER
        )
    return facets


def _version(dataset: DatasetVersion) -> dict[str, Any]:
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(dataset.version, producer=PRODUCER)}
