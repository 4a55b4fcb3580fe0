"""Sensors: each that is tested is trained on, and each that is trained on is tested."""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.validation.contents import SENSOR
from components.validation.suite import INFO, WARNING, Suite
from components.validation.tables import Tables

_SPLITS = ["train", "val", "test"]


def frame(tables: Tables) -> pd.DataFrame:
    """One row per sensor, `platform band quantity`: its chips in each split."""
    counted = tables.contents[tables.contents["kind"] == SENSOR]
    chips = counted.pivot_table("chips", "name", "split", aggfunc="sum", fill_value=0)
    chips = chips.reindex(columns=_SPLITS, fill_value=0).astype("int64")
    return chips.rename_axis(columns=None).reset_index().rename(columns={"name": "sensor"})


def expectations(config: StageConfig) -> list[Any]:
    """A figure about a sensor needs its chips on both sides."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="train",
            min_value=1,
            severity=WARNING,
            notes="The sensor is held out but never trained on: add scenes of it at other places, or leave it out.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="test",
            min_value=1,
            severity=INFO,
            notes="No figure will say how well this sensor is understood: add scenes of it at other places.",
        ),
    ]


SUITE = Suite("sensors", "check_chips", "sensor", frame, expectations)
