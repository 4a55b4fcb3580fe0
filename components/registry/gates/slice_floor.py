"""No sensor, place, family or resolution falls below a floor that the mean over all of them would hide."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from components.lineage.chips import chip_files, read_chips
from components.lineage.contents import Contents
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings
from components.registry.gates.items import Item, as_json, items_of, scene_of
from components.scores.bootstrap import Estimate, Resampling, mean

_SHOWN = 3  # slices in the reason; the evidence has all


class SliceFloor(Settings):
    """Settings of the gate."""

    task: str = Field(description="Task of the evaluation whose items are sliced.")
    variant: str = Field(description="Variant of the items: correct (AlphaEarth) or none.")
    by: Literal["platform", "place", "family", "resolution"] = Field(
        description="What the items are grouped by: platform (the sensor), place, family or resolution (two digits)."
    )
    floor: float = Field(ge=0, le=1, description="Least mean score of every slice [1].")
    min_items: int = Field(ge=1, description="Fewest items of a slice that allow a judgement; smaller ones are told.")
    draws: int = Field(ge=200, le=100_000, description="Draws of the bootstrap over places.")
    seed: int = Field(ge=0, description="Seed of the draws.")


def judge(settings: SliceFloor, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Take the mean score of each slice, with its interval over places as evidence; the mean decides.

    A slice of few items is told and not judged; where none is large enough to be judged, nothing passes.
    """
    groups = _groups(settings, candidate)
    resampling = Resampling(settings.draws, settings.seed)
    slices = {name: _estimate(groups[name], resampling) for name in sorted(groups)}
    judged = {name: found for name, found in slices.items() if found.n >= settings.min_items}
    too_small = sorted(slices.keys() - judged.keys())
    evidence = {"slices": {name: as_json(found) for name, found in slices.items()}, "too_small": too_small}
    what = f"{settings.task} by {settings.by}"
    if not judged:
        return Outcome(False, f"{what}: no slice has {settings.min_items} items", evidence)
    below = {name: found for name, found in judged.items() if not found.value >= settings.floor}
    needed = f"needed {settings.floor:.3f}"
    if below:
        return Outcome(False, f"{what}: {_told(below)}, {needed}", evidence)
    small = f"; {len(too_small)} too small to judge" if too_small else ""
    lowest = min(judged, key=lambda name: judged[name].value)
    return Outcome(
        True,
        f"{what}: the lowest of {len(judged)} slices, {_told({lowest: judged[lowest]})}, {needed}{small}",
        evidence,
    )


def _told(slices: Mapping[str, Estimate]) -> str:
    """The lowest slices with their values, the lowest first."""
    lowest = sorted(slices.items(), key=lambda pair: pair[1].value)[:_SHOWN]
    rest = f" and {len(slices) - _SHOWN} more" if len(slices) > _SHOWN else ""
    return ", ".join(f"{name} is {found.value:.3f} ({found.n} items)" for name, found in lowest) + rest


def _estimate(items: Sequence[Item], resampling: Resampling) -> Estimate:
    return mean([item["score"] for item in items], [item["place_id"] for item in items], resampling)


def _groups(settings: SliceFloor, candidate: Candidate) -> dict[str, list[Item]]:
    items = items_of(candidate.items, settings.task, settings.variant)
    if settings.by == "resolution":
        known = _resolutions(candidate, {scene_of(item["chip_id"]) for item in items})
        names = [known.get(item["chip_id"], "unknown") for item in items]
    else:
        column = "place_id" if settings.by == "place" else settings.by
        names = [str(item[column]) for item in items]
    groups: dict[str, list[Item]] = defaultdict(list)
    for name, item in zip(names, items, strict=True):
        groups[name].append(item)
    return groups


def _resolutions(candidate: Candidate, scenes: set[str]) -> dict[str, str]:
    """Ground sample distance of each chip in two digits: reprojected grids of one product differ in the third."""
    contents = Contents(candidate.home.root)
    splits = {scene.split for scene in candidate.lineage.scenes}
    files = chip_files(contents, candidate.lineage, splits)
    asked = [file for file in files if PurePosixPath(file.path).stem in scenes]
    return {
        row["chip_id"]: "unknown" if row["spacing_m"] is None else f"{row['spacing_m']:.2g} m"
        for table in read_chips(contents, asked, ["chip_id", "spacing_m"])
        for row in table.to_pylist()
    }


GATE = Gate("slice_floor", SliceFloor, judge)
