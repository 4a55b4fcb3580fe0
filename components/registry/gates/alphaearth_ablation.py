"""The AlphaEarth vectors of the right place help: exchanged between places, or taken away, the answers are worse."""

from typing import Literal

from pydantic import Field

from components.registry.gates.gate import Candidate, Gate, Outcome, Settings
from components.registry.gates.items import as_json, by_question
from components.scores.bootstrap import Resampling, difference

_CORRECT = "correct"


class AlphaearthAblation(Settings):
    """Settings of the gate."""

    task: str = Field(description="Task of the evaluation that was asked in both variants.")
    against: Literal["shuffled", "absent"] = Field(
        description="What correct vectors must beat: shuffled (those of another place) or absent (none)."
    )
    margin: float = Field(ge=0, lt=1, description="The gain's lower end must lie above it [1].")
    min_items: int = Field(ge=2, description="Fewest questions asked in both variants that allow a judgement.")
    draws: int = Field(ge=200, le=100_000, description="Draws of the bootstrap over places.")
    seed: int = Field(ge=0, description="Seed of the draws.")


def judge(settings: AlphaearthAblation, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Bootstrap the paired gain over places: the lower end of its 95 % interval must lie above the margin.

    Only questions that were put to the same chip in both variants are paired.
    """
    right = by_question(candidate.items, settings.task, _CORRECT)
    other = by_question(candidate.items, settings.task, settings.against)
    shared = sorted(right.keys() & other.keys())
    if len(shared) < settings.min_items:
        reason = f"{len(shared)} questions of {settings.task} were asked in both variants, needed {settings.min_items}"
        return Outcome(False, reason, {"items": len(shared)})
    scores, without = ([float(items[key]["score"]) for key in shared] for items in (right, other))
    places = [str(right[key]["place_id"]) for key in shared]
    gain = difference(scores, without, places, Resampling(settings.draws, settings.seed))
    means = {_CORRECT: sum(scores) / len(shared), settings.against: sum(without) / len(shared)}
    evidence = {"items": len(shared), **means, "gain": as_json(gain)}
    told = (
        f"{settings.task}: {means[_CORRECT]:.3f} with the right vectors, {means[settings.against]:.3f} "
        f"{settings.against}: {gain.value:+.3f} (95 % interval {gain.low:+.3f} to {gain.high:+.3f}, {gain.n} shared "
        f"items at {gain.places} places), must gain more than {settings.margin:.3f}"
    )
    return Outcome(gain.low > settings.margin, told, evidence)


GATE = Gate("alphaearth_ablation", AlphaearthAblation, judge)
