"""Step 1: where the chip lies and what covers the ground there."""

import numpy as np
import numpy.typing as npt

from components.annotation.facts import ChipFacts
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules, graded
from components.records.families import AIRCRAFT, LANDFORM
from components.records.landcover import LAND_COVER

TERRAINS = {
    "water": "coast",
    "trees": "woodland",
    "cropland": "plain",
    "grassland": "meadow",
    "built-up": "urban",
    "bare": "barren",
}
SURROUNDINGS = {
    "water": "water",
    "trees": "woods",
    "cropland": "crops",
    "grassland": "grass",
    "built-up": "town",
    "bare": "sand",
}
PARTS = ("one_part", "two_parts", "three_parts", "many_parts")
COVER_CODES = {name: code for code, name in LAND_COVER.items()}


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Terrain, Distribution, Layout and Water of a landform; what lies around an apron."""
    if (shares := chip.cover_shares) is None:
        return {}
    evidence = f"{place_words(chip)}; labels: land cover"
    if chip.family is LANDFORM:
        codes = _landform(chip, shares, rules)
    elif chip.family is AIRCRAFT:
        codes = {"Environment": SURROUNDINGS[_cover_beyond_aprons(shares, rules)]}
    else:
        return {}
    return {field: Finding(code, evidence) for field, code in codes.items()}


def place_words(chip: ChipFacts) -> str:
    """The chip's position as a person reads it: `place 51.92 N 4.41 E`, or `place not known`."""
    latitude, longitude = chip.row["latitude"], chip.row["longitude"]
    if latitude is None or longitude is None:
        return "place not known"
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"place {abs(latitude):.2f} {north} {abs(longitude):.2f} {east}"


def main_cover(shares: dict[str, float]) -> str:
    """Name of the commonest cover; of equals the first of records.landcover."""
    return max(shares, key=lambda name: shares[name])


def _landform(chip: ChipFacts, shares: dict[str, float], rules: Rules) -> dict[str, str]:
    main = main_cover(shares)
    if shares["water"] >= rules.coast_share:
        terrain = "coast"
    else:
        terrain = TERRAINS[main] if shares[main] >= rules.main_share else "mixed"
    parts = sum(share >= rules.part_share for share in shares.values())
    return {
        "Terrain": terrain,
        # A chip of one part has no other place for it, whatever specks of other covers it holds.
        "Distribution": "throughout" if parts <= 1 else _where(chip, main, shares[main], rules),
        "Layout": PARTS[min(max(parts, 1), len(PARTS)) - 1],
        "Water": graded(shares["water"], rules.water_shares, ("none", "little", "some", "much")),
    }


def _where(chip: ChipFacts, cover: str, share: float, rules: Rules) -> str:
    if share >= rules.throughout_share or chip.cover_HW is None:
        return "throughout"
    height, width = chip.cover_HW.shape
    rows, columns = np.nonzero(chip.cover_HW == COVER_CODES[cover])
    down = 2 * (rows.mean() + 0.5) / height - 1
    right = 2 * (columns.mean() + 0.5) / width - 1
    if max(abs(down), abs(right)) < rules.off_centre:
        return "central"
    if abs(down) >= abs(right):
        return "downward" if down > 0 else "upward"
    return "rightward" if right > 0 else "leftward"


def _cover_beyond_aprons(shares: dict[str, float], rules: Rules) -> str:
    """The commonest cover beyond the pavement, which land cover calls built-up."""
    beyond = {name: share for name, share in shares.items() if name != "built-up"}
    return main_cover(beyond) if sum(beyond.values()) >= rules.shore_share else "built-up"


def apron_mask(chip: ChipFacts) -> npt.NDArray[np.bool_]:
    """Pixels inside the box of an apron, (H, W)."""
    mask = np.zeros(chip.codes_PHW.shape[1:], dtype=bool)
    for apron in chip.named("apron"):
        rows = slice(int(apron["y0"]), int(np.ceil(apron["y1"])))
        mask[rows, int(apron["x0"]) : int(np.ceil(apron["x1"]))] = True
    return mask


def shore(shares: dict[str, float], rules: Rules) -> str | None:
    """Code of the land that surrounds a chip of water, None at open sea."""
    land = {name: share for name, share in shares.items() if name != "water"}
    return SURROUNDINGS[main_cover(land)] if sum(land.values()) >= rules.shore_share else None
