# ruff: noqa: N802, N815 - suffixes of arrays: P polarizations, H rows, W columns
"""What the annotator may look at: one chip's metadata, backscatter and labels, nothing of its neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from components.records.backscatter import decode_decibels
from components.records.families import Family, family_of
from components.records.landcover import LAND_COVER

COLUMNS = (
    "chip_id",
    "scene_id",
    "place_id",
    "split",
    "height",
    "width",
    "longitude",
    "latitude",
    "polarizations",
    "quantity",
    "spacing_m",
    "incidence_deg",
    "backscatter",
    "land_cover",
    "objects",
)
CO_POLARIZED = ("VV", "HH")
Target = Mapping[str, Any]


@dataclass(frozen=True)
class ChipFacts:
    """One row of CHIPS, decoded as far as the steps need it.

    Attributes:
        row: the row's columns that name and place the chip.
        family: decided by the labels as they came, before any step.
        codes_PHW: uint8 backscatter codes.
        cover_HW: uint8 land-cover codes; None = not labelled.
        targets: all labelled objects; None = not labelled.
    """

    row: Mapping[str, Any]
    family: Family
    codes_PHW: npt.NDArray[np.uint8]
    cover_HW: npt.NDArray[np.uint8] | None
    targets: tuple[Target, ...] | None

    @property
    def is_calibrated(self) -> bool:
        """Whether the codes are decibels on the fixed scale."""
        return bool(self.row["quantity"] != "amplitude")

    @property
    def co_polarization(self) -> str:
        """The channel that the annotator reads: VV or HH where there is one, else the first."""
        names = self.row["polarizations"]
        return str(next((name for name in names if name in CO_POLARIZED), names[0]))

    @cached_property
    def decibels_HW(self) -> npt.NDArray[np.float32]:
        """Backscatter of that channel [dB], (H, W), NaN = nodata; amplitude as 20 log10: only differences count."""
        codes = self.codes_PHW[list(self.row["polarizations"]).index(self.co_polarization)]
        if self.is_calibrated:
            return decode_decibels(codes)
        levels = 20 * np.log10(np.maximum(codes, 1).astype(np.float32))
        return np.where(codes == 0, np.float32(np.nan), levels).astype(np.float32)

    @cached_property
    def cover_shares(self) -> dict[str, float] | None:
        """Share of each land cover in the labelled pixels [0..1]; None where nothing is labelled."""
        if self.cover_HW is None:
            return None
        counts = np.bincount(self.cover_HW.ravel(), minlength=max(LAND_COVER) + 1)
        labelled = int(sum(counts[code] for code in LAND_COVER))
        return {name: int(counts[code]) / labelled for code, name in LAND_COVER.items()} if labelled else None

    def named(self, category: str) -> tuple[Target, ...]:
        """The labelled objects of one category; empty where there is none or no label."""
        return tuple(target for target in self.targets or () if target["category"] == category)

    def without(self, dropped: tuple[Target, ...]) -> "ChipFacts":
        """The same chip with some labelled objects left out."""
        kept = tuple(target for target in self.targets or () if all(target is not other for other in dropped))
        return replace(self, targets=kept)


def facts_of(row: Mapping[str, Any]) -> ChipFacts:
    """Decode one row of CHIPS; only the columns in `COLUMNS` are read."""
    shape = (row["height"], row["width"])
    codes = np.frombuffer(row["backscatter"], np.uint8).reshape(len(row["polarizations"]), *shape)
    cover = None if row["land_cover"] is None else np.frombuffer(row["land_cover"], np.uint8).reshape(shape)
    targets = None if row["objects"] is None else tuple(row["objects"])
    return ChipFacts(row, family_of(targets, cover), codes, cover, targets)


def length_m(target: Target, spacing_m: float | None) -> float | None:
    """Length of an object [m]: as labelled, else its box's longer side times the ground sample distance.

    None where neither is known.
    """
    if target["length_m"] is not None:
        return float(target["length_m"])
    return None if spacing_m is None else length_px(target) * spacing_m


def length_px(target: Target) -> float:
    """Longer side of an object's box [pixel]."""
    return float(max(target["x1"] - target["x0"], target["y1"] - target["y0"]))


def longest(targets: Sequence[Target], spacing_m: float | None) -> Target:
    """The longest of some objects: by metres, or by their boxes where the metres of one are not known."""
    lengths = [length_m(target, spacing_m) for target in targets]
    known = [length for length in lengths if length is not None]
    sizes = known if len(known) == len(targets) else [length_px(target) for target in targets]
    return targets[sizes.index(max(sizes))]


def centre(target: Target) -> tuple[float, float]:
    """Column and row of a box's centre [pixel]."""
    return (float(target["x0"]) + float(target["x1"])) / 2, (float(target["y0"]) + float(target["y1"])) / 2
