"""Scenes: how many of them ingest had to set aside."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig


def frame(tables: Tables) -> pd.DataFrame:
    """One row per scene; `set_aside` is 1 where no chip was made of it, and `code` says why."""
    cut = tables.measured["scene_id"].unique()
    aside = tables.set_aside[["scene_id", "code"]].assign(set_aside=1)
    rows = [pd.DataFrame({"scene_id": cut, "code": "", "set_aside": 0}), aside]
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
