"""Captions: every chip has its eight fields in order, of the family that its labels ask for."""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.records.families import FAMILIES
from components.validation.suite import CRITICAL, Suite
from components.validation.tables import Tables

FIELDS_IN_ORDER = tuple(f"{family.name}: {' '.join(family.names)}" for family in FAMILIES)


def frame(tables: Tables) -> pd.DataFrame:
    """One row per chip of ingest; what belongs to its caption is missing where it has none."""
    clauses = tables.clauses.sort_values(["chip_id", "position"], kind="stable")
    captions = clauses.groupby("chip_id", sort=False).agg(
        caption_split=("split", "first"),
        caption_family=("family", "first"),
        families=("family", "nunique"),
        fields=("field", " ".join),
    )
    frame = tables.labelled.merge(captions, on="chip_id", how="left")
    frame["fields"] = frame["caption_family"] + ": " + frame["fields"]
    return frame


def expectations(config: StageConfig) -> list[Any]:
    """Captions are complete and stand in the split and family of their chip."""
    import great_expectations.expectations as gxe

    again = "run annotate again."
    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column="fields", severity=CRITICAL, notes=f"The chip has no caption: {again}"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="fields",
            value_set=list(FIELDS_IN_ORDER),
            severity=CRITICAL,
            notes=f"The caption lacks a field or has them in another order than its family: {again}",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="families", value_set=[1], severity=CRITICAL, notes=f"A caption belongs to one family: {again}"
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="caption_split",
            column_B="split",
            ignore_row_if="either_value_is_missing",
            severity=CRITICAL,
            notes=f"Caption and chip stand in different splits, which leaks: {again}",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="caption_family",
            column_B="label_family",
            ignore_row_if="either_value_is_missing",
            severity=CRITICAL,
            notes=f"The labels ask for another family (ships need water or a ship, aircraft an apron): {again}",
        ),
    ]


SUITE = Suite("captions", "check_annotations", "chip_id", frame, expectations)
