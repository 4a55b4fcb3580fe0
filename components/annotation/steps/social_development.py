"""Step 2: what people built here and what the place is used for."""

import numpy as np

from components.annotation.facts import ChipFacts
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules, graded
from components.annotation.steps.geoscience import COVER_CODES, apron_mask, main_cover
from components.records.families import AIRCRAFT, LANDFORM, WATER_SHARE_OF_SHIP_CHIPS

USES = {"cropland": "farming", "grassland": "grazing", "trees": "forestry", "bare": "nature", "water": "nature"}
HOUSES = ("none", "few", "many", "dense")
ROADS = ("none", "lanes", "streets", "streets")
APRONS = ("open_field", "narrow_apron", "wide_apron")


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Functionality, Buildings and Roads of a landform; the Region of ships and aircraft."""
    if (shares := chip.cover_shares) is None:
        return {}
    if chip.family is LANDFORM:
        return _landform(chip, shares, rules)
    if chip.family is AIRCRAFT:
        paved = float((apron_mask(chip) | (chip.cover_HW == COVER_CODES["built-up"])).mean())
        return {"Region": Finding(graded(paved, rules.apron_shares, APRONS), "labels: aprons and built-up land cover")}
    return {"Region": Finding(_waters(shares, rules), "labels: land cover, built-up land by the water")}


def _landform(chip: ChipFacts, shares: dict[str, float], rules: Rules) -> Findings:
    built, paved = shares["built-up"], _is_paved(chip, shares, rules)
    houses = "none" if paved else graded(built, rules.built_shares, HOUSES)
    if houses == "none" and chip.named("building"):
        houses = "few"  # land cover is too coarse for single buildings
    roads = "bridge" if chip.named("bridge") else "runway" if paved else graded(built, rules.built_shares, ROADS)
    ground = "backscatter of built-up ground"
    return {
        "Functionality": Finding("airfield" if paved else _use(shares, rules), f"labels: land cover; {ground}"),
        "Buildings": Finding(houses, f"labels: built-up land cover, then objects; {ground}"),
        "Roads": Finding(roads, f"labels: objects, then built-up land cover, which is never without roads; {ground}"),
    }


def _is_paved(chip: ChipFacts, shares: dict[str, float], rules: Rules) -> bool:
    """Whether the built-up ground is smooth and dark: houses would be bright corners, runways and aprons are not."""
    if not chip.is_calibrated or shares["built-up"] < rules.built_shares[1]:
        return False
    ground = chip.decibels_HW[chip.cover_HW == COVER_CODES["built-up"]]
    ground = ground[np.isfinite(ground)]
    return bool(ground.size and np.median(ground) < rules.paved_db)


def _use(shares: dict[str, float], rules: Rules) -> str:
    built, (_, many, dense) = shares["built-up"], rules.built_shares
    if built >= rules.harbor_share and shares["water"] >= rules.coast_share:
        return "port"
    if built >= many:
        return "housing" if built >= dense else "suburb"
    return USES[main_cover({name: share for name, share in shares.items() if name != "built-up"})]


def _waters(shares: dict[str, float], rules: Rules) -> str:
    if shares["water"] >= rules.open_water_share:
        return "open_water"
    if shares["built-up"] >= rules.harbor_share:
        return "harbor"
    return "near_shore" if shares["water"] > WATER_SHARE_OF_SHIP_CHIPS else "inland"
