"""Automations: triggers of deployments, what stands in prefect.yaml, and who is told what."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.events.schemas.deployment_triggers import DeploymentTriggerTypes
from pydantic import TypeAdapter, ValidationError

from flows.deploying.changes import Change, differing
from flows.deploying.file import PREFECT_FILE, PrefectFile
from flows.errors import BadDeployFile

TAG = "fusar"  # of what this makes: what has it and is wanted no more is removed
_TRIGGER: TypeAdapter[Any] = TypeAdapter(DeploymentTriggerTypes)
_PAGE = 200
_OWNER = {"owner_resource"}  # taken when one is made, never answered
NOWHERE = UUID(int=0)  # stands for a deployment that is not there yet


def wanted_automations(file: PrefectFile, ids: Mapping[str, UUID]) -> Iterator[AutomationCore]:
    """Automations of prefect.yaml.

    Args:
        file: its content.
        ids: of the deployments on the server, by entrypoint and name.

    Raises:
        BadDeployFile: Prefect refuses one.
    """
    for deployment in file.deployments:
        for number, given in enumerate(deployment.triggers, start=1):
            spec = {"name": f"{deployment.name}__automation_{number}", **given}
            try:
                trigger = _TRIGGER.validate_python(spec)
            except ValidationError as error:
                raise BadDeployFile(PREFECT_FILE.name, f"trigger {spec['name']}: {error}") from error
            trigger.set_deployment_id(ids.get(f"{deployment.entrypoint}/{deployment.name}", NOWHERE))
            yield _ours(trigger.as_automation())
    for given in file.automations:
        try:
            yield _ours(AutomationCore.model_validate(given))
        except ValidationError as error:
            raise BadDeployFile(PREFECT_FILE.name, f"automation {given.get('name', '')}: {error}") from error


def automation_changes(client: SyncPrefectClient, wanted: Iterable[AutomationCore]) -> Iterator[Change]:
    """Automations that are missing, differ, or are wanted no more."""
    all_wanted = list(wanted)
    names = {automation.name for automation in all_wanted}
    there: dict[str, list[Automation]] = {}
    for found in _all(client):
        # `prefect deploy`, which versions before this command used, makes the same names without the tag.
        if TAG in found.tags or found.name in names:
            there.setdefault(found.name, []).append(found)
    for automation in all_wanted:
        known = there.pop(automation.name, [])
        if not known:
            yield Change("automation", automation.name, "make", (), partial(client.create_automation, automation))
            continue
        fields = differing(_compared(automation), _compared(known[0]))
        if fields:
            make = partial(client.update_automation, known[0].id, _updating(automation))
            yield Change("automation", automation.name, "change", fields, make)
        yield from _removals(client, known[1:])
    for unwanted in there.values():
        yield from _removals(client, unwanted)


def _removals(client: SyncPrefectClient, automations: Iterable[Automation]) -> Iterator[Change]:
    for automation in automations:
        yield Change("automation", automation.name, "remove", (), partial(client.delete_automation, automation.id))


def _all(client: SyncPrefectClient) -> Iterator[Automation]:
    offset = 0
    while page := client.read_automations(limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def _ours(automation: AutomationCore) -> AutomationCore:
    return automation.model_copy(update={"tags": [TAG]})


def _updating(automation: AutomationCore) -> AutomationCore:
    """As the server takes it for one that exists: without its owner, with all that the client leaves out as unset."""
    return AutomationCore.model_validate(automation.model_dump(mode="json", exclude=_OWNER))


def _compared(automation: AutomationCore) -> dict[str, Any]:
    """What two automations of one name are compared by; the server gives each trigger an id of its own."""
    fields = automation.model_dump(mode="json", include=set(AutomationCore.model_fields) - _OWNER)
    return {**fields, "trigger": _plain(fields["trigger"]), "actions": _plain(fields["actions"])}


def _plain(value: Any) -> Any:
    """JSON without ids of triggers and without defaults that only one side writes; sets of names are sorted."""
    if isinstance(value, dict):
        return {
            name: _plain(part) for name, part in sorted(value.items()) if name != "id" and part not in (None, {}, [])
        }
    if isinstance(value, list):
        parts = [_plain(part) for part in value]
        return sorted(parts) if all(isinstance(part, str) for part in parts) else parts
    return value
