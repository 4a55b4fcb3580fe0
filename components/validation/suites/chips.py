"""Chips: identity, georeference and radiometry of each."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

_CHANNELS = ("VV", "VH", "HH", "HV")
_ANY = f"(?:{'|'.join(_CHANNELS)})"
# Known channels joined by +, none of them twice; or one of which nobody knows.
_ONCE = "".join(f"(?!.*{name}.*{name})" for name in _CHANNELS)
POLARIZATIONS = rf"^(?:unknown|{_ONCE}{_ANY}(?:\+{_ANY})*)$"


def frame(tables: Tables) -> pd.DataFrame:
    """One row per chip."""
    return tables.measured


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """What holds for every chip, whatever its sensor."""
    return [*_acquisition(config), *_radiometry(config), *_ground(config)]


def _acquisition(config: "CheckChipsConfig") -> list[Any]:
    """Identity and what the item says of the acquisition."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(
            column="chip_id",
            severity=CRITICAL,
            notes="Two scenes share an id: rename one item in data/items and run ingest again.",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="polarizations",
            regex=POLARIZATIONS,
            severity=CRITICAL,
            notes="Correct sar:polarizations in the scene's item: VV, VH, HH, HV, each once, in band order.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="incidence_deg",
            min_value=config.incidence_min_deg,
            max_value=config.incidence_max_deg,
            severity=CRITICAL,
            notes="Correct view:incidence_angle in the scene's item [degree], or remove it where it is not known.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="incidence_deg",
            mostly=0.5,
            severity=WARNING,
            notes="Most chips do not know their incidence angle: add view:incidence_angle to the items.",
        ),
    ]


def _radiometry(config: "CheckChipsConfig") -> list[Any]:
    """What the pixels hold."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="valid_share",
            min_value=config.valid_share_min,
            max_value=1.0,
            severity=CRITICAL,
            notes="Raise ingest's least valid share, or check_chips.valid_share_min is above it.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="mean_db",
            min_value=config.mean_db_min,
            max_value=config.mean_db_max,
            severity=CRITICAL,
            notes="The scale is wrong: correct fusar:quantity and fusar:scale in the scene's item.",
        ),
    ]


def _ground(config: "CheckChipsConfig") -> list[Any]:
    """Where the chip lies and how large its pixels are."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="spacing_m",
            min_value=0,
            strict_min=True,
            severity=CRITICAL,
            notes="Correct the affine of the scene's raster: its ground sample distance must be above 0 m.",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="crs",
            regex=r"^EPSG:[0-9]{4,6}$",
            severity=CRITICAL,
            notes="Set the raster's coordinate reference system by its EPSG code.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="footprint_offset_m",
            max_value=config.footprint_offset_max_m,
            severity=CRITICAL,
            notes="Footprint and centre disagree: the affine or the CRS of the scene's raster is wrong.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="half_placed",
            value_set=[0],
            severity=CRITICAL,
            notes="A chip has a CRS, footprint, centre and spacing, or none of them: run ingest again.",
        ),
    ]


SUITE = Suite("chips", "check_chips", "chip_id", frame, expectations)
