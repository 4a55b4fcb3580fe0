"""Splits: training, validation and test are all there, at enough places, and with what their chips should carry."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.contents import CARRIED, KNOWN
from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

SPLITS = ("train", "val", "test")


def frame(tables: Tables) -> pd.DataFrame:
    """One row per split that is there or ought to be: its chips and places, and the share of chips that carry what."""
    measured = tables.measured
    chips = measured["split"].value_counts()
    places = measured.groupby("split")["place_id"].nunique()
    names = [*SPLITS, *sorted(set(chips.index) - set(SPLITS))]
    found = pd.DataFrame({"split": names, "chips": [int(chips.get(name, 0)) for name in names]})
    # An empty split is the first expectation's matter, not a second failure.
    found["places"] = found["split"].map(places).astype("float64")
    known = tables.contents[tables.contents["kind"] == KNOWN]
    counted = known.pivot_table("chips", "split", "name", aggfunc="sum", fill_value=0)
    counted = counted.reindex(columns=[*CARRIED, "all"], fill_value=0)
    for name in CARRIED:
        found[f"{name}_share"] = found["split"].map(counted[name] / counted["all"]).astype("float64")
    return found


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """Three splits, none empty and none other; enough places for an interval, enough labels and AlphaEarth to learn."""
    import great_expectations.expectations as gxe

    shares = (
        ("land_cover_share", config.labelled_share_min, "Many chips have no land cover: add it as asset land_cover."),
        ("objects_share", config.labelled_share_min, "Many chips have no labelled objects: add them as asset objects."),
        (
            "alphaearth_share",
            config.alphaearth_share_min,
            "Many chips lack AlphaEarth: add tiles that cover them.",
        ),
    )
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
        gxe.ExpectColumnValuesToBeBetween(
            column="places",
            min_value=config.split_places_min,
            severity=WARNING,
            notes="Few places: intervals are drawn over places and will be wide; add scenes of other places.",
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=column, min_value=least, severity=WARNING, notes=notes)
            for column, least, notes in shares
        ),
    ]


SUITE = Suite("splits", "check_chips", "split", frame, expectations)
