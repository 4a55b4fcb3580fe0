"""Work pools, the queues of their priorities, and the limits that all workers share."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool
from prefect.workers.base import BaseWorker

from flows.deploying.changes import Change, differing
from flows.deploying.file import PREFECT_FILE, Pool, PrefectFile
from flows.errors import BadDeployFile
from flows.parameters import QUEUES


def pool_changes(client: SyncPrefectClient, file: PrefectFile) -> Iterator[Change]:
    """Pools that are missing or differ. One of another type is left alone: Prefect cannot change it.

    Raises:
        BadDeployFile: a pool is of another type on the server, or its template cannot be read.
    """
    there = {pool.name: pool for pool in client.read_work_pools(limit=200)}
    for name, pool in file.pools.items():
        yield from _pool_change(client, name, pool, there.get(name))


def _pool_change(client: SyncPrefectClient, name: str, pool: Pool, there: WorkPool | None) -> Iterator[Change]:
    wanted: dict[str, Any] = {"description": pool.description, "concurrency_limit": pool.concurrency_limit}
    template = _template(name, pool)
    if there is None:
        made = WorkPoolCreate(name=name, type=pool.type, base_job_template=template or _own_template(pool), **wanted)
        yield Change("pool", name, "make", (), partial(client.create_work_pool, made))
        return
    if there.type != pool.type:
        problem = f"pools.{name}.type: the server's pool is of type {there.type}; remove it there or write that type"
        raise BadDeployFile(PREFECT_FILE.name, problem)
    wanted |= {"base_job_template": template} if template else {}
    fields = differing(wanted, there.model_dump())
    if fields:
        yield Change("pool", name, "change", fields, partial(client.update_work_pool, name, WorkPoolUpdate(**wanted)))


def _template(name: str, pool: Pool) -> dict[str, Any]:
    if pool.base_job_template is None:
        return {}
    try:
        content: dict[str, Any] = json.loads((PREFECT_FILE.parent / pool.base_job_template).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadDeployFile(PREFECT_FILE.name, f"pools.{name}.base_job_template: {error}") from error
    return content


def _own_template(pool: Pool) -> dict[str, Any]:
    worker = BaseWorker.get_worker_class_from_type(pool.type)
    return dict(worker.get_default_base_job_template()) if worker else {}


def queue_changes(client: SyncPrefectClient, file: PrefectFile) -> Iterator[Change]:
    """Queues of the priorities in each pool that are missing or stand in another order."""
    pools = {pool.name for pool in client.read_work_pools(limit=200)}
    for pool in file.pools:
        there = {queue.name: queue for queue in client.read_work_queues(work_pool_name=pool)} if pool in pools else {}
        for priority, queue in enumerate(QUEUES.values(), start=1):
            name, found = f"{pool}/{queue}", there.get(queue)
            if found is None:
                make = partial(client.create_work_queue, queue, priority=priority, work_pool_name=pool)
                yield Change("queue", name, "make", (), make)
            elif found.priority != priority:
                make = partial(client.update_work_queue, found.id, priority=priority)
                yield Change("queue", name, "change", ("priority",), make)


def limit_changes(client: SyncPrefectClient, file: PrefectFile) -> Iterator[Change]:
    """Global concurrency limits that are missing or have another size."""
    there = {limit.name: limit for limit in client.read_global_concurrency_limits(limit=200)}
    for name, slots in file.limits.items():
        found = there.get(name)
        make = partial(client.upsert_global_concurrency_limit_by_name, name, slots)
        if found is None:
            yield Change("limit", name, "make", (), make)
        elif (found.limit, found.active) != (slots, True):
            changed = GlobalConcurrencyLimitUpdate(limit=slots, active=True)
            make = partial(client.update_global_concurrency_limit, name, changed)
            yield Change("limit", name, "change", ("limit",), make)
