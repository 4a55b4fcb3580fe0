"""Step 5: make the layers agree: what contradicts geography or physics is dropped, and the rest is judged again."""

import numpy as np
import numpy.typing as npt

from components.annotation.facts import ChipFacts, Target, length_m
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules
from components.annotation.steps import instances, sar_knowledge
from components.annotation.steps.geoscience import COVER_CODES
from components.records.families import LANDFORM

# Labels and land cover rarely agree to the pixel: water within this margin of a ship's box is water enough.
SHORE_MARGIN_PX = 2


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Fields that change once contradictions are dropped: ships on dry land, targets of impossible size."""
    if chip.family is LANDFORM:
        return {}
    dropped = tuple(target for target in chip.named(chip.family.name) if contradiction(chip, target, rules))
    if not dropped:
        return {}
    reasons = sorted({contradiction(chip, target, rules) or "" for target in dropped})
    kept = chip.without(dropped)
    again = {**sar_knowledge.think(kept, so_far, rules), **instances.think(kept, so_far, rules)}
    return {
        field: Finding(finding.code, f"{finding.evidence}; labels left out: {', '.join(reasons)}")
        for field, finding in again.items()
        if field not in so_far or finding.code != so_far[field].code
    }


def contradiction(chip: ChipFacts, target: Target, rules: Rules) -> str | None:
    """Why a labelled ship or aircraft cannot be what its label says; None when it can."""
    category = target["category"]
    longest = {"ship": rules.longest_ship_m, "aircraft": rules.longest_aircraft_m}[category]
    length = length_m(target, chip.row["spacing_m"])
    if length is not None and length > longest:
        return f"{category} longer than {longest:g} m"
    if category == "ship" and chip.cover_HW is not None and not _touches_water(chip.cover_HW, target):
        return "ship on dry land"
    return None


def _touches_water(cover_hw: npt.NDArray[np.uint8], target: Target) -> bool:
    top, left = (max(0, int(target[edge]) - SHORE_MARGIN_PX) for edge in ("y0", "x0"))
    bottom, right = (int(np.ceil(target[edge])) + SHORE_MARGIN_PX for edge in ("y1", "x1"))
    around = cover_hw[top:bottom, left:right]
    # Unlabelled ground contradicts nothing.
    return bool(np.isin(around, (COVER_CODES["water"], 0)).any())
