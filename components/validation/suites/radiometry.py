"""Radiometry: the level, spread and polarisations of whole scenes, beside what their sensor can measure."""

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from components.records.backscatter import CO_POLARIZED
from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

BANDS: Final = ("P", "L", "S", "C", "X", "Ku", "K", "Ka")
LEAST_SCENES: Final = 5  # of a sensor and polarisation before one of them can stand out
_SENSOR: Final = ["platform", "frequency_band", "quantity", "polarization"]


def frame(tables: Tables) -> pd.DataFrame:
    """One row per scene and polarisation, `scene_id VV`; what does not apply to it is missing."""
    planes = tables.planes.drop_duplicates(["scene_id", "polarization"])
    found = pd.DataFrame({"plane": planes["scene_id"] + " " + planes["polarization"]})
    level = planes["mean_db"]
    for band in BANDS:
        found[_level_column(band)] = level.where(planes["frequency_band"] == band)
    of_sensor = level.groupby([planes[name] for name in _SENSOR])
    is_compared = of_sensor.transform("count") >= LEAST_SCENES
    found["offset_db"] = (level - of_sensor.transform("median")).abs().where(is_compared)
    levels = dict(zip(found["plane"], level, strict=True))
    sent_with = planes["scene_id"] + " " + planes["polarization"].map(CO_POLARIZED)
    found["cross_above_co_db"] = level - sent_with.map(levels).astype("float64")
    found["spread_db"] = planes["spread_db"]
    found["clipped_share"] = planes["clipped_share"]
    return found


def _level_column(band: str) -> str:
    return f"mean_db_{band}"


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """What a calibrated scene cannot be, and what is worth a look."""
    import great_expectations.expectations as gxe

    ranges = [
        gxe.ExpectColumnValuesToBeBetween(
            column=_level_column(band),
            min_value=low,
            max_value=high,
            severity=CRITICAL,
            notes=f"No {band}-band scene is that bright or dark: correct fusar:scale, its offset, or the calibration.",
        )
        for band, (low, high) in sorted(config.scene_mean_db.items())
    ]
    return [
        *ranges,
        gxe.ExpectColumnValuesToBeBetween(
            column="cross_above_co_db",
            max_value=config.cross_above_co_max_db,
            severity=CRITICAL,
            notes="Polarisations are swapped: put sar:polarizations of the scene's item into the order of its bands.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="spread_db",
            min_value=config.scene_spread_min_db,
            severity=CRITICAL,
            notes="Its pixels hardly differ, as linear power does when it is read as decibel: correct fusar:scale.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="offset_db",
            max_value=config.scene_offset_max_db,
            severity=WARNING,
            notes="Far from other scenes of its sensor: if its ground does not explain it, its calibration is wrong.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="clipped_share",
            max_value=config.clipped_share_max,
            severity=WARNING,
            notes="Many pixels lie at an end of the 8-bit scale: the calibration is wrong, or the data is saturated.",
        ),
    ]


SUITE = Suite("radiometry", "check_chips", "plane", frame, expectations)
