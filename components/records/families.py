"""The three families of texts: their eight fields in order and, for each field, the closed list of what it can say.

FUSAR-KLIP (papers: section 2.2) writes eight texts a chip. Here each text is a clause: fixed lead-in words and a coded
value, so that a clause can be checked, swapped and refilled without parsing English.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from components.records.landcover import LAND_COVER
from components.records.landcover import UNKNOWN as NO_COVER

UNKNOWN_CODE = "unknown"
CLAUSE_END = "$"
# Above this share of water a chip without any ship is still described as one of the ship family.
WATER_SHARE_OF_SHIP_CHIPS = 0.5
# The steps of HCoT in their order (papers: section 3, rows 1 to 5).
GEOSCIENCE, DEVELOPMENT, SCATTERING, INSTANCES, CALIBRATION = HCOT_STEPS = (
    "geoscience",
    "social development",
    "sar knowledge",
    "instance identification",
    "calibration",
)


@dataclass(frozen=True)
class Field:
    """One of a family's eight fields.

    Attributes:
        name: as in the paper: Terrain, Count, ...
        step: the HCoT step that decides it first; calibration may overrule.
        lead_in: words that open its clause; unlike any other field's in any family.
        values: code to words, every code that may stand in the field; "unknown" is the last.
    """

    name: str
    step: str
    lead_in: str
    values: Mapping[str, str]

    def code_of(self, words: str) -> str | None:
        """Code whose words these are, or None when the field never says them."""
        return next((code for code, value in self.values.items() if value == words), None)


@dataclass(frozen=True)
class Family:
    """A kind of chip and its eight fields in the order of the caption."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of this name.

        Raises:
            KeyError: the family has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"family {self.name} has no field {name}; its fields are {', '.join(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the eight fields in order."""
        return tuple(field.name for field in self.fields)


def _values(*words: str, counts: Sequence[str] = ()) -> Mapping[str, str]:
    coded = {str(number): value for number, value in enumerate(counts)}
    return MappingProxyType(coded | {value.replace(" ", "_"): value for value in (*words, UNKNOWN_CODE)})


_COUNTS = ("none", "one", "two", "three", "four", "five")
# Codes of a 3x3 raster over the chip, row by row; rows and columns count from the upper left pixel.
CELLS = (
    ("upper_left", "upper_middle", "upper_right"),
    ("middle_left", "middle_center", "middle_right"),
    ("lower_left", "lower_middle", "lower_right"),
)
_CELL_WORDS = tuple(code.replace("_", " ") for row in CELLS for code in row)

LANDFORM = Family(
    "landform",
    (
        Field(
            "Terrain",
            GEOSCIENCE,
            "terrain is",
            _values("coast", "plain", "meadow", "woodland", "urban", "barren", "mixed"),
        ),
        Field(
            "Functionality",
            DEVELOPMENT,
            "used for",
            _values("housing", "suburb", "port", "airfield", "farming", "grazing", "forestry", "nature"),
        ),
        Field(
            "Distribution",
            GEOSCIENCE,
            "main cover lies",
            _values("throughout", "central", "upward", "downward", "leftward", "rightward"),
        ),
        Field("Layout", GEOSCIENCE, "layout has", _values("one part", "two parts", "three parts", "many parts")),
        Field("Boundary", SCATTERING, "edges look", _values("absent", "faint", "clear", "sharp")),
        Field("Buildings", DEVELOPMENT, "buildings are", _values("none", "few", "many", "dense")),
        Field("Roads", DEVELOPMENT, "roads show", _values("none", "lanes", "streets", "runway", "bridge")),
        Field("Water", GEOSCIENCE, "water fills", _values("none", "little", "some", "much")),
    ),
)

SHIP = Family(
    "ship",
    (
        Field("Count", INSTANCES, "ships counted", _values("many", counts=_COUNTS)),
        Field("Location", INSTANCES, "largest ship at", _values("none", *_CELL_WORDS)),
        Field("Feature", SCATTERING, "ship echo is", _values("none", "weak", "clear", "strong")),
        Field("Size", INSTANCES, "ship size is", _values("none", "small", "medium", "large")),
        Field("Category", INSTANCES, "ship type is", _values("none", "boat", "coaster", "freighter", "tanker")),
        Field("Distribution", INSTANCES, "ships stand", _values("none", "alone", "close", "scattered")),
        Field("Region", DEVELOPMENT, "ship region is", _values("open water", "near shore", "harbor", "inland")),
        Field(
            "Environment",
            SCATTERING,
            "around lies",
            _values("calm sea", "rippled sea", "rough sea", "woods", "crops", "grass", "town", "sand"),
        ),
    ),
)

AIRCRAFT = Family(
    "aircraft",
    (
        Field("Count", INSTANCES, "aircraft counted", _values("many", counts=_COUNTS)),
        Field("Location", INSTANCES, "largest aircraft at", _values("none", *_CELL_WORDS)),
        Field("Feature", SCATTERING, "aircraft echo is", _values("none", "weak", "clear", "strong")),
        Field("Size", INSTANCES, "aircraft size is", _values("none", "small", "medium", "large")),
        Field("Category", INSTANCES, "aircraft type is", _values("none", "propeller", "regional", "airliner")),
        Field("Distribution", INSTANCES, "aircraft stand", _values("none", "alone", "close", "scattered")),
        Field("Region", DEVELOPMENT, "aircraft region is", _values("wide apron", "narrow apron", "open field")),
        Field("Environment", GEOSCIENCE, "apron meets", _values("water", "woods", "crops", "grass", "town", "sand")),
    ),
)

FAMILIES = (LANDFORM, SHIP, AIRCRAFT)
BY_NAME: Mapping[str, Family] = MappingProxyType({family.name: family for family in FAMILIES})


def family_of(objects: Iterable[Mapping[str, Any]] | None, land_cover: npt.NDArray[np.uint8] | None) -> Family:
    """Family that describes a chip: aircraft if it holds an apron or aircraft, ship if a ship or much water.

    All else is landform, a chip without labels included.

    Args:
        objects: the chip's objects (`category` is read); None = not labelled.
        land_cover: codes of records.landcover, any shape; None = not labelled.
    """
    categories = {str(thing["category"]) for thing in objects or ()}
    if categories & {"aircraft", "apron"}:
        return AIRCRAFT
    if "ship" in categories or water_share(land_cover) > WATER_SHARE_OF_SHIP_CHIPS:
        return SHIP
    return LANDFORM


def water_share(land_cover: npt.NDArray[np.uint8] | None) -> float:
    """Share of water in the labelled pixels [0..1], codes of any shape; 0 where nothing is labelled."""
    if land_cover is None or not (labelled := int(np.count_nonzero(land_cover != NO_COVER))):
        return 0.0
    return int(np.count_nonzero(land_cover == _WATER)) / labelled


_WATER = next(code for code, name in LAND_COVER.items() if name == "water")


def cell_of(column_share: float, row_share: float) -> str:
    """Code of the 3x3 cell that a position lies in; shares [0..1] count from the chip's upper left corner."""
    row, column = (min(2, max(0, int(3 * share))) for share in (row_share, column_share))
    return CELLS[row][column]


def caption(clauses: Iterable[tuple[str, str]]) -> str:
    """Join (lead-in, value words) into one text in which `$` ends every clause (papers: section 2.2)."""
    return " ".join(f"{lead_in} {value} {CLAUSE_END}" for lead_in, value in clauses)


def read_caption(text: str) -> dict[str, dict[str, str]]:
    """Codes that a text states: family name to field name to code. Clauses that no field can say are left out.

    The first clause of a field counts, so that a text cannot win by saying everything.
    """
    codes: dict[str, dict[str, str]] = {}
    for clause in text.split(CLAUSE_END):
        for family, field in _FIELDS:
            if (words := clause.strip()).startswith(f"{field.lead_in} "):
                code = field.code_of(words.removeprefix(f"{field.lead_in} "))
                fields = codes.setdefault(family.name, {})
                fields.setdefault(field.name, code or "")
    return {family: {name: code for name, code in fields.items() if code} for family, fields in codes.items()}


_FIELDS = tuple((family, field) for family in FAMILIES for field in family.fields)


def vocabulary() -> tuple[str, ...]:
    """Every word that a caption can hold, `$` included, sorted: what a word-level tokenizer must know."""
    texts = [" ".join((field.lead_in, *field.values.values())) for _, field in _FIELDS]
    return tuple(sorted({word for text in texts for word in text.split()} | {CLAUSE_END}))
