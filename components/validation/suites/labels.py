"""Labels: objects lie inside their chips, on measured ground, and targets are brighter than what surrounds them."""

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

BRIGHT: Final = ("ship", "aircraft")
LEAST_OBJECTS: Final = 5  # of a category in a scene before their median says where the labels lie


def frame(tables: Tables) -> pd.DataFrame:
    """One row per labelled object, `chip_id number`; `contrast_db` is the median of its category in its scene."""
    objects = tables.objects
    of_scene = objects.groupby(["scene_id", "category"])["contrast_db"]
    is_judged = objects["category"].isin(BRIGHT) & (of_scene.transform("count") >= LEAST_OBJECTS)
    lengths = {f"{name}_length_m": objects["length_m"].where(objects["category"] == name) for name in BRIGHT}
    return objects.assign(contrast_db=of_scene.transform("median").where(is_judged), **lengths)


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """What a box must be, and what labels of another date or place look like."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="area_px",
            min_value=0,
            strict_min=True,
            severity=CRITICAL,
            notes="The box has no area: correct the polygon in the scene's labels.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="outside_px",
            max_value=0,
            severity=CRITICAL,
            notes="The box leaves its chip: run ingest again.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="valid_share",
            min_value=config.object_valid_share_min,
            severity=WARNING,
            notes="Nothing was measured below the object: its labels are of another scene, or their CRS is wrong.",
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(
                column=f"{name}_length_m",
                max_value=longest,
                severity=WARNING,
                notes=f"No {name} is that long: correct length_m in the scene's labels [m].",
            )
            for name, longest in (("ship", config.longest_ship_m), ("aircraft", config.longest_aircraft_m))
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="contrast_db",
            min_value=config.target_contrast_min_db,
            severity=WARNING,
            notes="Its scene's targets are no brighter than what is around: labels are shifted or of another date.",
        ),
    ]


SUITE = Suite("labels", "check_chips", "object", frame, expectations)
