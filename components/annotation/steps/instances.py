"""Step 4: the single targets, judged by their size in metres."""

import numpy as np

from components.annotation.facts import ChipFacts, Target, centre, length_m, longest
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules, graded
from components.records.families import AIRCRAFT, LANDFORM, cell_of

SIZES = ("small", "medium", "large")
SHIP_TYPES = ("boat", "coaster", "freighter", "tanker")
AIRCRAFT_TYPES = ("propeller", "regional", "airliner")
EMPTY = {"Count": "0", "Location": "none", "Size": "none", "Category": "none", "Distribution": "none"}


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Count, Location, Size, Category and Distribution of ships or aircraft; nothing for a landform."""
    if chip.family is LANDFORM or chip.targets is None:
        return {}
    targets = chip.named(chip.family.name)
    spacing_m = chip.row["spacing_m"]
    evidence = f"labels: objects; {'spacing not known' if spacing_m is None else f'{spacing_m:.2f} m a pixel'}"
    codes = _codes(chip, targets, rules) if targets else EMPTY
    return {field: Finding(code, evidence) for field, code in codes.items()}


def _codes(chip: ChipFacts, targets: tuple[Target, ...], rules: Rules) -> dict[str, str]:
    spacing_m = chip.row["spacing_m"]
    largest = longest(targets, spacing_m)
    column, row = centre(largest)
    count = str(len(targets))
    return {
        "Count": count if count in chip.family.field("Count").values else "many",
        "Location": cell_of(column / chip.row["width"], row / chip.row["height"]),
        "Distribution": _arrangement(chip, targets, rules),
        **_by_length(chip, length_m(largest, spacing_m), rules),
    }


def _by_length(chip: ChipFacts, length: float | None, rules: Rules) -> dict[str, str]:
    """Size and Category; neither where nobody knows how many metres a pixel is."""
    if length is None:
        return {}
    if chip.family is AIRCRAFT:
        size, kind = rules.aircraft_lengths_m, graded(length, rules.aircraft_types_m, AIRCRAFT_TYPES)
    else:
        size, kind = rules.ship_lengths_m, graded(length, rules.ship_types_m, SHIP_TYPES)
    return {"Size": graded(length, size, SIZES), "Category": kind}


def _arrangement(chip: ChipFacts, targets: tuple[Target, ...], rules: Rules) -> str:
    if len(targets) == 1:
        return "alone"
    sides = np.array([chip.row["width"], chip.row["height"]])
    centres = np.array([centre(target) for target in targets]) / sides
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    return "close" if distances.min(axis=1).mean() <= rules.close_share else "scattered"
