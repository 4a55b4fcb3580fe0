"""Places: no place, on whatever date, may stand in two splits."""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.validation.suite import CRITICAL, Suite
from components.validation.tables import Tables


def frame(tables: Tables) -> pd.DataFrame:
    """One row per place: in how many splits it stands."""
    counted = tables.measured.groupby("place_id", sort=True)["split"].agg(["nunique", "size"]).reset_index()
    return counted.rename(columns={"nunique": "splits", "size": "chips"})


def expectations(config: StageConfig) -> list[Any]:
    """One split a place: neighbours in training and test would leak."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="splits",
            min_value=1,
            max_value=1,
            severity=CRITICAL,
            notes="The place leaks from one split into another: run ingest again for all scenes with one split seed.",
        )
    ]


SUITE = Suite("places", "check_chips", "place_id", frame, expectations)
