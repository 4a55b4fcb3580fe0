"""What is known about a chip: labelled objects, land cover and, where given, the codes of its caption."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from components.records.families import family_of

TRUTH_COLUMNS = (
    "chip_id",
    "place_id",
    "platform",
    "height",
    "width",
    "spacing_m",
    "land_cover",
    "objects",
)
TARGETS = {"ship": "ship", "aircraft": "aircraft"}


@dataclass(frozen=True)
class LabelledObject:
    """One labelled object; the box is axis-aligned, in chip pixels, x to the right and y down, clipped to the chip."""

    category: str
    box: tuple[float, float, float, float]

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box as (x, y) in chip pixels."""
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2, (y0 + y1) / 2


@dataclass(frozen=True, eq=False)
class ChipTruth:
    """Labels of one chip.

    Attributes:
        chip_id: key of the chip.
        place_id: geographic cell that decides the split.
        platform: sensor, as the scene's item names it.
        family: landform, ship or aircraft; landform where the chip has no labels to decide it.
        objects: labelled objects; None = not labelled, empty = labelled and none.
        land_cover: (H, W) uint8 codes of `records.landcover`; None = not labelled.
        height: rows of the chip [pixel].
        width: columns of the chip [pixel].
        spacing_m: ground sample distance [m]; None where it is not known.
        clauses: field name to code of the chip's caption; None where no annotation is known.
    """

    chip_id: str
    place_id: str
    platform: str
    family: str
    objects: tuple[LabelledObject, ...] | None
    land_cover: npt.NDArray[np.uint8] | None
    height: int
    width: int
    spacing_m: float | None
    clauses: Mapping[str, str] | None

    @property
    def target(self) -> str | None:
        """Category that the chip's family counts (ship, aircraft); None for landforms and chips without labels."""
        return TARGETS.get(self.family) if self.objects is not None else None

    def of_category(self, category: str) -> tuple[LabelledObject, ...]:
        """Labelled objects of one category, in reading order of their centres; empty where nothing is labelled."""
        found = [item for item in self.objects or () if item.category == category]
        return tuple(sorted(found, key=lambda item: (item.centre[1], item.centre[0])))


def chip_truth(row: Mapping[str, Any], clauses: Mapping[str, str] | None = None) -> ChipTruth:
    """Labels of a chip from a row of a CHIPS table that has at least `TRUTH_COLUMNS`.

    Args:
        row: one row as `Table.to_pylist()` gives it.
        clauses: field name to code of the chip's caption, from ANNOTATIONS or CORPUS; None = no caption questions.
    """
    height, width = int(row["height"]), int(row["width"])
    packed = row["land_cover"]
    cover = None if packed is None else np.frombuffer(packed, dtype=np.uint8).reshape(height, width)
    listed = row["objects"]
    objects = None if listed is None else tuple(_labelled(item) for item in listed)
    return ChipTruth(
        chip_id=row["chip_id"],
        place_id=row["place_id"],
        platform=row["platform"],
        family=family_of(listed, cover).name,
        objects=objects,
        land_cover=cover,
        height=height,
        width=width,
        spacing_m=None if row["spacing_m"] is None else float(row["spacing_m"]),
        clauses=clauses,
    )


def with_caption(chip: ChipTruth, family: str, clauses: Mapping[str, str]) -> ChipTruth:
    """The chip with a caption; unchanged where it is labelled as one of another family.

    Args:
        chip: to be described.
        family: of the caption.
        clauses: field name to code.
    """
    is_labelled = chip.objects is not None or chip.land_cover is not None
    return chip if is_labelled and family != chip.family else replace(chip, family=family, clauses=clauses)


def chip_generator(seed: int, chip_id: str) -> np.random.Generator:
    """Random generator of one chip: the same for every order, subset and process that visits the chip."""
    digest = hashlib.sha256(chip_id.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])


def _labelled(item: Mapping[str, Any]) -> LabelledObject:
    return LabelledObject(
        item["category"], (float(item["x0"]), float(item["y0"]), float(item["x1"]), float(item["y1"]))
    )
