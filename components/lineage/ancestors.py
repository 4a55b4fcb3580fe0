"""The model versions that a version's weights came from, down to the first."""

from mlflow import MlflowClient

from components.lineage.record import Lineage
from components.lineage.versions import read_lineage, resolve

Named = tuple[str, Lineage]


def with_ancestors(client: MlflowClient, name: str, lineage: Lineage) -> tuple[Named, ...]:
    """A version and all versions that its weights came from, each once, with their records.

    Args:
        client: of the registry.
        name: MODEL/VERSION of the version.
        lineage: its record.

    Raises:
        UnknownVersion: a parent is no longer registered.
        LineageError: a parent's record cannot be read.
    """
    found: dict[str, Lineage] = {}
    waiting: list[Named] = [(name, lineage)]
    while waiting:
        here, record = waiting.pop(0)
        if here in found:
            continue
        found[here] = record
        for parent in record.parents:
            version = resolve(client, f"{parent.model}/{parent.version}")
            waiting.append((f"{parent.model}/{parent.version}", read_lineage(client, version)))
    return tuple(found.items())
