"""Contradictions between the clauses of one caption, and with the water that its labels show.

Warnings, never critical: one clause in some training captions is wrong on purpose, and pretraining shall find it.
"""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.records.families import UNKNOWN_CODE
from components.validation.suite import WARNING, Suite
from components.validation.tables import Tables

CONTRADICTIONS = {
    "ships_without_water": "Ships are counted where no water is labelled: see the chip's objects and land cover.",
    "targets_that_are_none": "Targets are counted, but another clause says that there is none.",
    "none_that_are_targets": "No target is counted, but another clause describes one.",
    "company_of_one": "One target cannot be close or scattered, and several are not alone.",
    "coast_without_water": "The terrain is a coast, but no water fills the chip, or the other way round.",
    "town_without_buildings": "Housing or a suburb needs buildings.",
    "buildings_without_roads": "Many buildings are never without roads.",
    "one_part_in_a_corner": "A cover that fills the one part of the chip lies throughout.",
}
_TARGET_FIELDS = ["Location", "Feature", "Size", "Category", "Distribution"]


def frame(tables: Tables) -> pd.DataFrame:
    """One row per caption; a column per kind of contradiction, 1 where the caption holds it."""
    clauses = tables.clauses
    wide = clauses.drop_duplicates(["chip_id", "field"]).pivot(index="chip_id", columns="field", values="code")
    wide = wide.reindex(columns=[*_LANDFORM_FIELDS, *_TARGET_FIELDS, "Count"]).fillna(UNKNOWN_CODE)
    families = clauses.drop_duplicates("chip_id").set_index("chip_id")["family"]
    water = tables.labelled.drop_duplicates("chip_id").set_index("chip_id")["label_water"]
    found = _found(wide, families.reindex(wide.index), water.reindex(wide.index))
    return found.astype("int64").reset_index()


_LANDFORM_FIELDS = ["Terrain", "Functionality", "Layout", "Buildings", "Roads", "Water"]


def _found(wide: pd.DataFrame, family: pd.Series, water: pd.Series) -> pd.DataFrame:
    known = wide != UNKNOWN_CODE
    counted = known["Count"] & wide["Count"].ne("0")
    several = counted & wide["Count"].ne("1")
    none = wide[_TARGET_FIELDS] == "none"
    described = known[_TARGET_FIELDS] & ~none
    landform = family.eq("landform")
    coast, dry = wide["Terrain"].eq("coast"), wide["Water"].eq("none")
    wet = wide["Water"].isin(["some", "much"]) & known["Terrain"]
    alone = wide["Distribution"].eq("alone")
    company = wide["Distribution"].isin(["close", "scattered"])
    corner = known["Distribution"] & wide["Distribution"].ne("throughout")
    return pd.DataFrame(
        {
            "ships_without_water": family.eq("ship") & counted & water.eq(0.0),
            "targets_that_are_none": counted & none.any(axis=1),
            "none_that_are_targets": wide["Count"].eq("0") & described.any(axis=1),
            "company_of_one": (several & alone) | (wide["Count"].eq("1") & company),
            "coast_without_water": (coast & dry) | (~coast & wet),
            "town_without_buildings": wide["Functionality"].isin(["housing", "suburb"]) & wide["Buildings"].eq("none"),
            "buildings_without_roads": wide["Buildings"].isin(["many", "dense"]) & wide["Roads"].eq("none"),
            "one_part_in_a_corner": landform & wide["Layout"].eq("one_part") & corner,
        }
    )


def expectations(config: StageConfig) -> list[Any]:
    """No caption contradicts itself, but for those that do so on purpose."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[0], severity=WARNING, notes=what)
        for column, what in CONTRADICTIONS.items()
    ]


SUITE = Suite("contradictions", "check_annotations", "chip_id", frame, expectations)
