"""Deployments: what prefect.yaml says of each, with the schema of its flow's parameters, held against the server."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.deploying.changes import Change, differing
from flows.deploying.file import PREFECT_FILE, Deployment, PrefectFile
from flows.errors import BadDeployFile


def deployment_changes(client: SyncPrefectClient, file: PrefectFile, profiles: Sequence[str]) -> Iterator[Change]:
    """Deployments that are missing or differ.

    Args:
        client: of the server.
        file: content of prefect.yaml.
        profiles: names that the parameter `profile` of a flow may have; Prefect's form shows them as choices.

    Raises:
        BadDeployFile: an entrypoint names no flow.
    """
    for deployment in file.deployments:
        flow = _flow(deployment)
        wanted = _wanted(deployment, flow, profiles)
        there = _read(client, f"{flow.name}/{deployment.name}")
        make = partial(_apply, client, flow.name, deployment, wanted)
        name = f"{flow.name}/{deployment.name}"
        if there is None:
            yield Change("deployment", name, "make", (), make)
        elif fields := differing(wanted, _there(there)):
            yield Change("deployment", name, "change", fields, make)


def deployment_ids(client: SyncPrefectClient, file: PrefectFile) -> dict[str, UUID]:
    """Ids of the deployments that the server has, by entrypoint and name."""
    found = {
        f"{deployment.entrypoint}/{deployment.name}": _read(client, f"{_flow(deployment).name}/{deployment.name}")
        for deployment in file.deployments
    }
    return {name: deployment.id for name, deployment in found.items() if deployment}


def _flow(deployment: Deployment) -> Flow[..., Any]:
    try:
        return load_flow_from_entrypoint(deployment.entrypoint)
    except Exception as error:
        problem = f"deployment {deployment.name}: {deployment.entrypoint} is no flow ({type(error).__name__}: {error})"
        raise BadDeployFile(PREFECT_FILE.name, problem) from error


def _read(client: SyncPrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _wanted(deployment: Deployment, flow: Flow[..., Any], profiles: Sequence[str]) -> dict[str, Any]:
    """The values of a deployment as JSON types, under the names that the server has for them."""
    limit = deployment.concurrency_limit
    return {
        "description": deployment.description,
        "entrypoint": deployment.entrypoint,
        "parameters": deployment.parameters,
        "parameter_openapi_schema": _schema(flow, profiles),
        "enforce_parameter_schema": deployment.enforce_parameter_schema,
        "tags": list(deployment.tags),
        "paused": deployment.paused,
        "work_pool_name": deployment.work_pool.name,
        "work_queue_name": deployment.work_pool.work_queue_name,
        "job_variables": deployment.work_pool.job_variables,
        "pull_steps": [],
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": {"collision_strategy": limit.collision_strategy} if limit else None,
        "schedules": [schedule.model_dump(mode="json") for schedule in deployment.schedules],
    }


def _there(deployment: DeploymentResponse) -> dict[str, Any]:
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    return {
        **deployment.model_dump(mode="json", exclude={"schedules", "concurrency_limit", "concurrency_options"}),
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": {"collision_strategy": options.collision_strategy.value} if options else None,
        "schedules": [_schedule(found) for found in sorted(deployment.schedules, key=lambda found: str(found.created))],
    }


def _schedule(found: Any) -> dict[str, Any]:
    cron, timezone = (getattr(found.schedule, name, None) for name in ("cron", "timezone"))
    return {"cron": cron, "timezone": timezone, "active": found.active, "parameters": found.parameters}


def _schema(flow: Flow[..., Any], profiles: Sequence[str]) -> dict[str, Any]:
    """The schema by which the server checks parameters and draws its form, with the profiles as choices."""
    schema: dict[str, Any] = parameter_schema(flow).model_dump(mode="json", exclude_unset=True)
    schema["additionalProperties"] = False  # a misspelt name is refused when a run is asked for, not when it starts
    if "profile" in schema["properties"]:
        schema["properties"]["profile"] = {**schema["properties"]["profile"], "enum": list(profiles)}
    return schema


def _apply(client: SyncPrefectClient, flow: str, deployment: Deployment, wanted: Mapping[str, Any]) -> None:
    options = wanted["concurrency_options"]
    schedules = [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=schedule.cron, timezone=schedule.timezone),
            active=schedule.active,
            parameters=schedule.parameters,
        )
        for schedule in deployment.schedules
    ]
    client.create_deployment(
        client.create_flow_from_name(flow),
        deployment.name,
        **{
            **wanted,
            "schedules": schedules,
            "concurrency_options": ConcurrencyOptions(**options) if options else None,
        },
    )
