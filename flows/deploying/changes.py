"""What a deployment to a server changes there: found first, made afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Change:
    """One difference between the files and the server.

    Attributes:
        kind: pool, queue, limit, deployment, block or automation.
        name: of what differs.
        action: what makes the server equal to the files.
        fields: what differs of something that is there already.
        make: does it.
    """

    kind: str
    name: str
    action: Literal["make", "change", "remove"]
    fields: tuple[str, ...]
    make: Callable[[], object]

    def __str__(self) -> str:
        """`deployment retrain/workers: change schedules`."""
        return f"{self.kind} {self.name}: {' '.join((self.action, ', '.join(self.fields))).strip()}"

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON types."""
        return {"kind": self.kind, "name": self.name, "action": self.action, "fields": list(self.fields)}


def differing(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the wanted values that are not so on the server, sorted."""
    return tuple(sorted(name for name, value in wanted.items() if there.get(name) != value))
