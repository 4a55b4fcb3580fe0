"""What a retrain came to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ran", "restored", "unchanged"]


@dataclass(frozen=True)
class StageOutcome:
    """How a stage came to be up to date.

    Attributes:
        name: the stage.
        outcome: its command ran, its outputs came from the results of an earlier run, or nothing had changed.
        seconds: wall clock [s].
    """

    name: str
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Registration:
    """What the registry says of a retrain.

    Attributes:
        versions: of each model: `model`, `version`, `is_new`, `simulated`.
        verdicts: of each version: `model`, `version`, `passed`, `state`, `gates`.
        report: the report page.
        is_new: whether this retrain asked the registry; otherwise an earlier one with the same lock did.
    """

    versions: tuple[dict[str, Any], ...]
    verdicts: tuple[dict[str, Any], ...]
    report: str
    is_new: bool


@dataclass(frozen=True)
class Retrained:
    """What a retrain came to.

    Attributes:
        commit: full id.
        profile: name of its parameter set.
        checkout: folder in which everything lies.
        stages: every stage of the graph, in order.
        registration: versions and verdicts; those of the last time where nothing was stale.
    """

    commit: str
    profile: str
    checkout: Path
    stages: tuple[StageOutcome, ...]
    registration: Registration

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing was stale."""
        return all(stage.outcome == "unchanged" for stage in self.stages)
