"""Splits: training, validation and test must all be there."""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.validation.suite import CRITICAL, Suite
from components.validation.tables import Tables

SPLITS = ("train", "val", "test")


def frame(tables: Tables) -> pd.DataFrame:
    """One row per split that is there or ought to be: how many chips it holds."""
    chips = tables.measured["split"].value_counts()
    names = [*SPLITS, *sorted(set(chips.index) - set(SPLITS))]
    return pd.DataFrame({"split": names, "chips": [int(chips.get(name, 0)) for name in names]})


def expectations(config: StageConfig) -> list[Any]:
    """Three splits, none empty and none other."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="chips",
            min_value=1,
            severity=CRITICAL,
            notes="No place fell into this split: add scenes of more places, or change ingest's split shares or seed.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="split",
            value_set=list(SPLITS),
            severity=CRITICAL,
            notes="Only train, val and test are splits: run ingest again.",
        ),
    ]


SUITE = Suite("splits", "check_chips", "split", frame, expectations)
