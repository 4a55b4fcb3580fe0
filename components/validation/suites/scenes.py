"""Scenes: how many of them ingest had to set aside, and whether one holds a part of another."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

_ACQUISITION = ["platform", "second"]


def frame(tables: Tables) -> pd.DataFrame:
    """One row per scene; `set_aside` is 1 where no chip was made of it, and `code` says why.

    `same_pixels` and `same_acquisition` name another scene with equal chips, and one that the same satellite took at
    the same second of the same ground.
    """
    cut = pd.DataFrame({"scene_id": tables.measured["scene_id"].unique(), "code": "", "set_aside": 0})
    aside = tables.set_aside[["scene_id", "code"]].assign(set_aside=1)
    found = pd.concat([cut, aside], ignore_index=True).astype({"set_aside": "int64"})
    for column, names in (("same_pixels", _same_pixels(tables)), ("same_acquisition", _same_acquisition(tables))):
        found[column] = found["scene_id"].map(names).astype(object)
    return found


def _same_pixels(tables: Tables) -> dict[str, str]:
    chips = tables.hashed.dropna(subset=["digest"])
    chips = chips[chips.duplicated("digest", keep=False)]
    first = chips.drop_duplicates("digest").set_index("digest")["scene_id"]
    # The first scene of each digest is named by the others, and names one of them itself.
    last = chips.drop_duplicates("digest", keep="last").set_index("digest")["scene_id"]
    found: dict[str, str] = {}
    for names in (first, last):
        others = chips["digest"].map(names)
        differ = others != chips["scene_id"]
        found |= dict(zip(chips.loc[differ, "scene_id"], others[differ], strict=True))
    return found


def _same_acquisition(tables: Tables) -> dict[str, str]:
    chips = tables.measured.dropna(subset=["longitude", "latitude"])
    chips = chips.assign(second=chips["acquired_us"] // 1_000_000)
    extent = chips.groupby("scene_id", sort=True).agg(
        platform=("platform", "first"),
        second=("second", "first"),
        west=("longitude", "min"),
        east=("longitude", "max"),
        south=("latitude", "min"),
        north=("latitude", "max"),
    )
    found: dict[str, str] = {}
    for _, scenes in extent[extent.duplicated(_ACQUISITION, keep=False)].groupby(_ACQUISITION):
        for scene, at in scenes.iterrows():
            # Slices of one pass follow each other: only the middle of another scene says that it is the same ground.
            longitude, latitude = (scenes["west"] + scenes["east"]) / 2, (scenes["south"] + scenes["north"]) / 2
            inside = longitude.between(at["west"], at["east"]) & latitude.between(at["south"], at["north"])
            others = scenes.index[inside & (scenes.index != scene)]
            if len(others):
                found[str(scene)] = str(others[0])
    return found


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """A few broken scenes are everyday, many are a mistake upstream; twins weigh twice."""
    import great_expectations.expectations as gxe

    remedy = "outputs/ingest/set_aside.parquet gives each scene's reason: mend or withdraw these scenes."
    bounds = ((CRITICAL, config.set_aside_critical_share), (WARNING, config.set_aside_warning_share))
    twins = (
        ("same_pixels", "Another scene has some of the same chips: remove one of the two items, or they weigh twice."),
        ("same_acquisition", "Another scene is of the same second and ground: keep the better one of the two items."),
    )
    return [
        *(
            gxe.ExpectColumnMeanToBeBetween(column="set_aside", max_value=bound, severity=severity, notes=remedy)
            for severity, bound in bounds
        ),
        *(gxe.ExpectColumnValuesToBeNull(column=column, severity=WARNING, notes=notes) for column, notes in twins),
    ]


SUITE = Suite("scenes", "check_chips", "scene_id", frame, expectations)
