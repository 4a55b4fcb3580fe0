"""What people are told, in Prefect's templates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from prefect.events.schemas.automations import EventTrigger, Posture

Subject = Literal["failure", "drift", "verdict", "awaiting-approval", "champion-changed"]


@dataclass(frozen=True)
class Message:
    """One subject.

    Attributes:
        events: Prefect's names of what happened; each is told once.
        subject: template of the first line.
        body: template of what follows.
        of_flows: whether the event is a flow run's; then only those of our flows are told.
    """

    events: frozenset[str]
    subject: str
    body: str
    of_flows: bool = field(default=False)

    def trigger(self, flows: Sequence[str], quiet: timedelta = timedelta(0)) -> EventTrigger:
        """Fires once for each event, or is quiet for a while after it fired; `flows` are names of those that count."""
        related: dict[str, Any] = {"prefect.resource.role": "flow", "prefect.resource.name": list(flows)}
        resource = "prefect.flow-run.*" if self.of_flows else "fusar.*"
        return EventTrigger(
            expect=set(self.events),
            match={"prefect.resource.id": resource},
            match_related=related if self.of_flows else {},
            posture=Posture.Reactive,
            threshold=1,
            within=quiet,
        )


def _plain(value: str) -> str:
    """A value in a template: no receiver takes it for a tag of HTML or a mention of a chat."""
    return f'{{{{ ({value})|string|replace("<", "‹")|replace(">", "›") }}}}'


_VERSION: Final = f"{_plain('event.payload.model')}/{_plain('event.payload.version')}"
_WHY: Final = _plain('event.payload.reason|default("")')
MESSAGES: Final[dict[Subject, Message]] = {
    # Prefect's own events and not one of ours: a flow whose process was killed can tell nothing.
    "failure": Message(
        frozenset({"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"}),
        f"{_plain('flow.name')} {_plain('flow_run.name')} failed",
        f"{_plain('flow_run.state.message')}\n{{{{ flow_run|ui_url }}}}",
        of_flows=True,
    ),
    "drift": Message(frozenset({"fusar.drift.found"}), f"Drift found beside {_VERSION}", _WHY),
    "verdict": Message(
        frozenset({"fusar.candidate.judged"}), f"{_VERSION} was judged: {_plain('event.payload.state')}", _WHY
    ),
    "awaiting-approval": Message(
        frozenset({"fusar.candidate.awaiting-approval"}),
        f"{_VERSION} awaits your approval",
        f"{_WHY}\nNext: fusar promote approve {_VERSION}",
    ),
    "champion-changed": Message(
        frozenset({"fusar.champion.changed"}),
        f"{_plain('event.payload.model')}: the champion is version {_plain('event.payload.version')}",
        f"{_WHY}\nNext: fusar ledger show {_plain('event.payload.model')}",
    ),
}
