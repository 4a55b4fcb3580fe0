"""Leaks: no chip of one split shows what a chip of another shows, under whatever name and at whatever place."""

from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.validation.suite import CRITICAL, Suite
from components.validation.tables import Tables
from components.validation.twins import comparable, twins

# Who must not know whom: the left side is looked for in the right one.
SIDES = ((("val", "test"), "train"), (("test",), "val"))


def frame(tables: Tables) -> pd.DataFrame:
    """One row per chip held out that was compared; `twin` is the chip of another split that shows the same."""
    chips = tables.hashed
    known: dict[str, str] = {}
    compared: list[pd.Series] = []
    for splits, other in SIDES:
        left, right = chips[chips["split"].isin(splits)], chips[chips["split"] == other]
        left = comparable(left, len(right))
        compared.append(left["chip_id"])
        known = twins(left, right, tables.chips, *tables.memo_of(f"twins in {other}")) | known
    ids = pd.concat(compared).drop_duplicates().sort_values(ignore_index=True)
    return pd.DataFrame({"chip_id": ids, "twin": ids.map(known).astype(object)})


def expectations(config: StageConfig) -> list[Any]:
    """Not one near-duplicate: a model would be tested on what it was trained on."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeNull(
            column="twin",
            severity=CRITICAL,
            notes="A chip of another split shows the same: one of the two scenes has a wrong place; remove its item.",
        )
    ]


SUITE = Suite("leaks", "check_chips", "chip_id", frame, expectations)
