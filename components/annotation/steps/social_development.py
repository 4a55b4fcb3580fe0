"""Step 2: what people built here and what the place is used for."""

from components.annotation.facts import ChipFacts
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules, graded
from components.annotation.steps.geoscience import apron_mask, main_cover
from components.records.families import AIRCRAFT, LANDFORM, WATER_SHARE_OF_SHIP_CHIPS

USES = {"cropland": "farming", "grassland": "grazing", "trees": "forestry", "bare": "nature", "water": "nature"}
HOUSES = ("none", "few", "many", "dense")
ROADS = ("none", "lanes", "streets", "streets")


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Functionality, Buildings and Roads of a landform; the Region of ships and aircraft."""
    if chip.family is AIRCRAFT:
        return _airfield(chip, rules)
    if (shares := chip.cover_shares) is None:
        return {}
    if chip.family is LANDFORM:
        return _landform(chip, shares, rules)
    return {"Region": Finding(_waters(shares, rules), "labels: land cover, built-up land by the water")}


def _landform(chip: ChipFacts, shares: dict[str, float], rules: Rules) -> Findings:
    built = shares["built-up"]
    houses = graded(built, rules.built_shares, HOUSES)
    if houses == "none" and chip.named("building"):
        houses = "few"  # land cover is too coarse for single buildings
    roads = "bridge" if chip.named("bridge") else graded(built, rules.built_shares, ROADS)
    return {
        "Functionality": Finding(_use(shares, rules), "labels: land cover, built-up share first"),
        "Buildings": Finding(houses, "labels: built-up land cover, then objects"),
        "Roads": Finding(roads, "labels: objects, then built-up land cover, which is never without roads"),
    }


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


def _airfield(chip: ChipFacts, rules: Rules) -> Findings:
    share = float(apron_mask(chip).mean())
    code = "open_field" if not share else "wide_apron" if share >= rules.wide_apron_share else "narrow_apron"
    return {"Region": Finding(code, "labels: boxes of aprons")}
