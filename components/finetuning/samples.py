"""Training data: the chips' bytes on disk, AlphaEarth grids and what is known about each chip in memory."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from components.finetuning.errors import UnknownCaption
from components.networks.chat import describe_sensor
from components.networks.tlm import VECTOR
from components.records.families import BY_NAME, caption
from components.records.schemas import CHIPS, CORPUS
from components.records.tables import read_table
from components.tasks import TRUTH_COLUMNS, ChipTruth, chip_truth, with_caption
from components.training.planes import Planes, open_planes

_COLUMNS = tuple(dict.fromkeys([*TRUTH_COLUMNS, "polarizations", "alphaearth", "alphaearth_valid"]))
_CLAUSES = ("chip_id", "family", "position", "field", "lead_in", "final_code", "final_value")


@dataclass(frozen=True)
class Caption:
    """The corrected caption of one chip.

    Attributes:
        family: landform, ship or aircraft.
        codes: field name to code.
        text: the caption in words.
    """

    family: str
    codes: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Samples:
    """The chips of one split in the order of their ids.

    Attributes:
        truths: labels of each chip; `clauses` are the corrected caption's, where there is one.
        captions: the words of each chip's corrected caption, or None.
        sensors: what the prompt says of each chip's sensor.
        planes: backscatter codes of each chip.
        alphaearth: for each chip (G, G, 64) float32, or None.
        alphaearth_valid: for each chip (G, G) bool, or None.
    """

    truths: tuple[ChipTruth, ...]
    captions: tuple[str | None, ...]
    sensors: tuple[str, ...]
    planes: Planes
    alphaearth: tuple[npt.NDArray[np.float32] | None, ...]
    alphaearth_valid: tuple[npt.NDArray[np.bool_] | None, ...]

    def __len__(self) -> int:
        return len(self.truths)


def read_captions(corpus: Path) -> dict[str, Caption]:
    """Corrected captions by chip.

    Raises:
        UnknownCaption: a clause says what its field cannot hold.
    """
    table = read_table(corpus, CORPUS, _CLAUSES).sort_by([("chip_id", "ascending"), ("position", "ascending")])
    clauses: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        clauses.setdefault(row["chip_id"], []).append(row)
    return {chip_id: _caption(rows) for chip_id, rows in clauses.items()}


def _caption(rows: list[dict[str, Any]]) -> Caption:
    family = BY_NAME.get(rows[0]["family"])
    for row in rows:
        fields = {} if family is None else {field.name: field for field in family.fields}
        if row["field"] not in fields or row["final_code"] not in fields[row["field"]].values:
            raise UnknownCaption(row["chip_id"], row["field"], row["final_code"])
    codes = {row["field"]: row["final_code"] for row in rows}
    return Caption(rows[0]["family"], codes, caption((row["lead_in"], row["final_value"]) for row in rows))


def read_samples(chips: Path, captions: Mapping[str, Caption], split: str) -> Samples:
    """Pack the chips of a split.

    Raises:
        MixedChipSizes: chips of several sizes.
    """
    table = read_table(chips, CHIPS, [*_COLUMNS, "split"])
    rows = table.filter(pc.equal(table["split"], split)).sort_by("chip_id").to_pylist()
    found = tuple(captions.get(row["chip_id"]) for row in rows)
    grids = [_alphaearth(row) for row in rows]
    return Samples(
        truths=tuple(_truth(row, known) for row, known in zip(rows, found, strict=True)),
        captions=tuple(None if known is None else known.text for known in found),
        sensors=tuple(describe_sensor(row["polarizations"], row["spacing_m"]) for row in rows),
        planes=open_planes(chips, [row["chip_id"] for row in rows]),
        alphaearth=tuple(grid for grid, _ in grids),
        alphaearth_valid=tuple(valid for _, valid in grids),
    )


def hold_out_places(samples: Samples, least: int, seed: int) -> tuple[Samples, Samples]:
    """Part whole places off: (the rest, places of together at least `least` chips, chosen by a seeded hash).

    Chips of one place are alike, so a loss over held-out chips of known places would flatter. The rest keeps at least
    one place: where there is only one, nothing is held out.
    """
    places = sorted({truth.place_id for truth in samples.truths}, key=lambda place: place_digest(seed, place))
    held: set[str] = set()
    for place in places[1:]:
        if sum(truth.place_id in held for truth in samples.truths) >= least:
            break
        held.add(place)
    inside = [index for index, truth in enumerate(samples.truths) if truth.place_id in held]
    outside = [index for index, truth in enumerate(samples.truths) if truth.place_id not in held]
    return _take(samples, outside), _take(samples, inside)


def place_digest(seed: int, place_id: str) -> str:
    """Order of places that depends on the seed and on no other place."""
    return hashlib.sha256(f"{seed}/{place_id}".encode()).hexdigest()


def _take(samples: Samples, chosen: list[int]) -> Samples:
    return Samples(
        truths=tuple(samples.truths[index] for index in chosen),
        captions=tuple(samples.captions[index] for index in chosen),
        sensors=tuple(samples.sensors[index] for index in chosen),
        planes=samples.planes.take(chosen),
        alphaearth=tuple(samples.alphaearth[index] for index in chosen),
        alphaearth_valid=tuple(samples.alphaearth_valid[index] for index in chosen),
    )


def _truth(row: dict[str, Any], known: Caption | None) -> ChipTruth:
    truth = chip_truth(row)
    return truth if known is None else with_caption(truth, known.family, known.codes)


def _alphaearth(row: dict[str, Any]) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.bool_] | None]:
    if row["alphaearth"] is None:
        return None, None
    flat = np.frombuffer(row["alphaearth"], dtype=np.float32).reshape(-1, VECTOR)
    side = round(len(flat) ** 0.5)
    valid = row["alphaearth_valid"]
    mask = None if valid is None else np.frombuffer(valid, dtype=np.bool_).reshape(side, side)
    return flat.reshape(side, side, VECTOR), mask
