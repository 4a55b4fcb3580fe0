"""Scenes: how many of them ingest had to set aside."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.contract.stage import Paths
from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import read_table
from components.validation.suite import CRITICAL, WARNING, Suite

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig


def frame(inputs: Paths) -> pd.DataFrame:
    """One row per scene; `set_aside` is 1 where no chip was made of it, and `code` says why."""
    cut = read_table(inputs["chips"], CHIPS, ["scene_id"]).to_pandas()["scene_id"].unique()
    aside: pd.DataFrame = read_table(inputs["set_aside"], SET_ASIDE, ["scene_id", "code"]).to_pandas()
    rows = [pd.DataFrame({"scene_id": cut, "code": "", "set_aside": 0}), aside.assign(set_aside=1)]
    return pd.concat(rows, ignore_index=True).astype({"set_aside": "int64"})


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """A few broken scenes are everyday, many are a mistake upstream."""
    import great_expectations.expectations as gxe

    remedy = "outputs/ingest/set_aside.parquet gives each scene's reason: mend or withdraw these scenes."
    bounds = ((CRITICAL, config.set_aside_critical_share), (WARNING, config.set_aside_warning_share))
    return [
        gxe.ExpectColumnMeanToBeBetween(column="set_aside", max_value=bound, severity=severity, notes=remedy)
        for severity, bound in bounds
    ]


SUITE = Suite("scenes", "check_chips", "scene_id", frame, expectations)
