"""Not worse than the champion by more than a margin, decided on the same items and not by two means."""

from typing import Any

from pydantic import Field

from components.lineage.record import Lineage
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings
from components.registry.gates.items import Item, as_json, by_question, scene_of
from components.scores.bootstrap import Estimate, Resampling, difference


class NotWorse(Settings):
    """Settings of the gate."""

    task: str = Field(description="Task of the evaluation whose items are compared.")
    variant: str = Field(description="Variant of the items: correct (AlphaEarth) or none.")
    margin: float = Field(ge=0, le=1, description="Largest loss of mean score that may not be ruled out [1].")
    min_items: int = Field(ge=2, description="Fewest shared items that allow a judgement.")
    draws: int = Field(ge=200, le=100_000, description="Draws of the bootstrap over places.")
    seed: int = Field(ge=0, description="Seed of the draws.")


def judge(settings: NotWorse, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Bootstrap the paired difference over places: its lower end must lie above minus the margin.

    Only items of the same chip, question and truth are paired, and only where both versions saw the same bytes of the
    scene; so two different test sets cannot be taken for a difference between models.
    """
    if champion is None:
        return Outcome(True, "no champion to compare with", {"items": 0})
    pairs, left_out = paired(settings.task, settings.variant, candidate, champion)
    evidence: dict[str, Any] = {"champion": champion.name, "items": len(pairs), "items_not_shared": left_out}
    if len(pairs) < settings.min_items:
        return Outcome(False, f"{len(pairs)} shared items of {settings.task}, needed {settings.min_items}", evidence)
    found = difference(
        [new["score"] for new, _ in pairs],
        [old["score"] for _, old in pairs],
        [new["place_id"] for new, _ in pairs],
        Resampling(settings.draws, settings.seed),
    )
    evidence["difference"] = as_json(found)  # items of one place have no interval: NaN passes no comparison below
    return Outcome(found.low >= -settings.margin, _reason(settings, champion, found), evidence)


def _reason(settings: NotWorse, champion: Candidate, found: Estimate) -> str:
    return (
        f"{settings.task}: {found.value:+.3f} against {champion.name} (95 % interval {found.low:+.3f} to "
        f"{found.high:+.3f}, {found.n} shared items at {found.places} places), may lose {settings.margin:.3f}"
    )


def paired(task: str, variant: str, candidate: Candidate, champion: Candidate) -> tuple[list[tuple[Item, Item]], int]:
    """Items that both versions answered about the same bytes, and how many only one of them did."""
    new, old = (by_question(version.items, task, variant) for version in (candidate, champion))
    new_bytes, old_bytes = (_scene_md5s(version.lineage) for version in (candidate, champion))
    shared = sorted(
        key
        for key in new.keys() & old.keys()
        if new[key]["truth"] == old[key]["truth"]
        and new[key]["place_id"] == old[key]["place_id"]
        and new_bytes.get(scene_of(key[0])) == old_bytes.get(scene_of(key[0]))
    )
    return [(new[key], old[key]) for key in shared], len(new.keys() | old.keys()) - len(shared)


def _scene_md5s(lineage: Lineage) -> dict[str, tuple[tuple[str, str], ...]]:
    return {scene.scene_id: tuple((file.path, file.md5) for file in scene.files) for scene in lineage.scenes}


GATE = Gate("not_worse", NotWorse, judge)
