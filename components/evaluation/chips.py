"""The chips that are asked about, and the labels that the baselines learn from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.records.families import caption
from components.records.schemas import ANNOTATIONS, CHIPS
from components.records.tables import read_table
from components.tasks import TRUTH_COLUMNS, ChipTruth, chip_truth, with_caption

ALPHAEARTH_BANDS = 64
Scalar = TypeVar("Scalar", bound=np.generic)
_PIXEL_COLUMNS = ("simulated", "polarizations", "backscatter", "alphaearth", "alphaearth_valid")
_CLAUSE_COLUMNS = ("chip_id", "family", "position", "field", "code", "lead_in", "value")


@dataclass(frozen=True, eq=False)
class AlphaEarth:
    """AlphaEarth of a chip's merged patches: (G, G, 64) float32 of unit length, and (G, G) bool where it is known."""

    vectors: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Caption:
    """A chip's caption as annotated: its family, its codes by field, and its words."""

    family: str
    codes: Mapping[str, str]
    text: str


@dataclass(frozen=True, eq=False)
class EvaluatedChip:
    """One chip of the evaluated split.

    Attributes:
        truth: its labels.
        caption: its annotated caption; None where it has none.
        codes: (P, H, W) uint8 records.backscatter codes.
        polarizations: P names in the order of the planes.
        alphaearth: its own AlphaEarth; None where no cell is known.
        is_simulated: whether it was simulated.
    """

    truth: ChipTruth
    caption: Caption | None
    codes: npt.NDArray[np.uint8]
    polarizations: tuple[str, ...]
    alphaearth: AlphaEarth | None
    is_simulated: bool


@dataclass(frozen=True)
class Selection:
    """Which chips of a split are taken: at most `most`, those whose seeded hash of the id is lowest."""

    split: str
    most: int
    seed: int


def read_captions(annotations: Path, split: str) -> dict[str, Caption]:
    """Captions of a split by chip."""
    table = read_table(annotations, ANNOTATIONS, [*_CLAUSE_COLUMNS, "split"])
    table = table.filter(pc.equal(table["split"], split)).sort_by([("chip_id", "ascending"), ("position", "ascending")])
    clauses: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        clauses.setdefault(row["chip_id"], []).append(row)
    return {
        chip_id: Caption(
            family=rows[0]["family"],
            codes={row["field"]: row["code"] for row in rows},
            text=caption((row["lead_in"], row["value"]) for row in rows),
        )
        for chip_id, rows in clauses.items()
    }


def read_chips(folder: Path, captions: Mapping[str, Caption], selection: Selection) -> list[EvaluatedChip]:
    """Selected chips in the order of their ids."""
    rows = _selected_rows(folder, selection, [*TRUTH_COLUMNS, *_PIXEL_COLUMNS])
    return [_chip(row, captions.get(row["chip_id"])) for row in rows]


def read_truths(folder: Path, captions: Mapping[str, Caption], selection: Selection) -> list[ChipTruth]:
    """Labels alone of the selected chips, in the order of their ids."""
    return [_truth(row, captions.get(row["chip_id"])) for row in _selected_rows(folder, selection, list(TRUTH_COLUMNS))]


def hash_order(seed: int, chip_id: str) -> bytes:
    """Key that puts chips in an order which depends on their ids and the seed alone."""
    return hashlib.sha256(f"{seed}:{chip_id}".encode()).digest()


def _selected_rows(folder: Path, selection: Selection, columns: Sequence[str]) -> list[dict[str, Any]]:
    # Ids first, pixels of the selected chips afterwards and file by file: memory follows the selection.
    files = sorted(folder.glob("*.parquet"))
    ids = {file: _ids(file, selection.split) for file in files}
    ordered = sorted((key for found in ids.values() for key in found), key=lambda key: hash_order(selection.seed, key))
    wanted = set(ordered[: selection.most])
    rows: list[dict[str, Any]] = []
    for file in files:
        chosen = pa.array([key for key in ids[file] if key in wanted], pa.string())
        if len(chosen):
            table = read_table(file, CHIPS, columns)
            rows += table.filter(pc.is_in(table["chip_id"], chosen)).to_pylist()
    return sorted(rows, key=lambda row: str(row["chip_id"]))


def _ids(file: Path, split: str) -> list[str]:
    table = read_table(file, CHIPS, ["chip_id", "split"])
    return [str(key) for key in table.filter(pc.equal(table["split"], split))["chip_id"].to_pylist()]


def _truth(row: Mapping[str, Any], known: Caption | None) -> ChipTruth:
    truth = chip_truth(row)
    # Annotations of other labels than the chip's own say nothing about this chip.
    return truth if known is None else with_caption(truth, known.family, known.codes)


def _chip(row: Mapping[str, Any], known: Caption | None) -> EvaluatedChip:
    planes = len(row["polarizations"])
    return EvaluatedChip(
        truth=_truth(row, known),
        caption=known,
        codes=_writable(row["backscatter"], np.uint8).reshape(planes, row["height"], row["width"]),
        polarizations=tuple(row["polarizations"]),
        alphaearth=_alphaearth(row),
        is_simulated=row["simulated"],
    )


def _alphaearth(row: Mapping[str, Any]) -> AlphaEarth | None:
    if row["alphaearth"] is None:
        return None
    flat = _writable(row["alphaearth"], np.float32).reshape(-1, ALPHAEARTH_BANDS)
    side = round(len(flat) ** 0.5)
    packed = row["alphaearth_valid"]
    valid = np.ones((side, side), dtype=bool) if packed is None else _writable(packed, np.bool_)
    return AlphaEarth(flat.reshape(side, side, ALPHAEARTH_BANDS), valid.reshape(side, side))


def _writable(packed: bytes, kind: type[Scalar]) -> npt.NDArray[Scalar]:
    # torch refuses, with a warning, to share memory that it may not write.
    return np.frombuffer(packed, dtype=kind).copy()
