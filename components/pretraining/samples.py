"""Training data: the chips' bytes on disk, and their captions' codes in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import torch

from components.pretraining.captions import ABSENT, CLAUSES, Captions
from components.pretraining.errors import FailedCheck, UnknownClause
from components.records.families import BY_NAME, FAMILIES
from components.records.schemas import ANNOTATIONS, CHIPS, VERDICTS
from components.records.tables import read_table
from components.training.planes import Planes, open_planes

_CHIP_COLUMNS = ("chip_id", "scene_id", "split")
_CLAUSE_COLUMNS = ("chip_id", "split", "family", "position", "field", "code")
_FAMILY_INDEX = {family.name: index for index, family in enumerate(FAMILIES)}


@dataclass(frozen=True)
class Samples:
    """The annotated chips of one split in the order of their ids.

    Attributes:
        chip_ids: N ids.
        scene_ids: the scene of each chip.
        planes: backscatter codes of each chip.
        captions: one caption a chip.
    """

    chip_ids: tuple[str, ...]
    scene_ids: tuple[str, ...]
    planes: Planes
    captions: Captions

    def __len__(self) -> int:
        return len(self.chip_ids)

    def take(self, rows: torch.Tensor, captions: Captions) -> "Samples":
        """The chips of these rows with captions of their own."""
        chip_ids, scene_ids = (tuple(names[row] for row in rows.tolist()) for names in (self.chip_ids, self.scene_ids))
        return Samples(chip_ids, scene_ids, self.planes.take(rows), captions)


def read_samples(chips: Path, annotations: Path, split: str) -> Samples:
    """Pack the chips of a split that carry a caption.

    Raises:
        UnknownClause: a clause says what its field cannot hold.
        MixedChipSizes: chips of several sizes.
    """
    clauses = _of_split(read_table(annotations, ANNOTATIONS, _CLAUSE_COLUMNS), split).to_pylist()
    coded = _code_clauses(clauses)
    table = _of_split(read_table(chips, CHIPS, _CHIP_COLUMNS), split).sort_by("chip_id")
    table = table.filter(pc.is_in(table["chip_id"], pa.array(list(coded), pa.string())))
    rows = table.to_pylist()
    captions = Captions(
        torch.tensor([coded[row["chip_id"]][0] for row in rows], dtype=torch.int64),
        torch.tensor([coded[row["chip_id"]][1] for row in rows], dtype=torch.int64).view(len(rows), CLAUSES),
    )
    ids = tuple(row["chip_id"] for row in rows)
    return Samples(ids, tuple(row["scene_id"] for row in rows), open_planes(chips, ids), captions)


def refuse_failed_checks(verdicts: Path) -> None:
    """Stop before training on annotations that a critical expectation found wrong.

    Raises:
        FailedCheck: naming the first such expectation.
    """
    for row in read_table(verdicts, VERDICTS).to_pylist():
        if row["severity"] == "critical" and not row["success"]:
            raise FailedCheck(row["expectation"], row["column"])


def _of_split(table: pa.Table, split: str) -> pa.Table:
    return table.filter(pc.equal(table["split"], split))


def _code_clauses(clauses: list[dict[str, Any]]) -> dict[str, tuple[int, list[int]]]:
    """Family and value indices of each chip."""
    coded: dict[str, tuple[int, list[int]]] = {}
    for row in clauses:
        family = _FAMILY_INDEX.get(row["family"], -1)
        _, values = coded.setdefault(row["chip_id"], (family, [ABSENT] * CLAUSES))
        values[row["position"]] = _value_index(row)
    return coded


def _value_index(row: Mapping[str, Any]) -> int:
    family = BY_NAME.get(row["family"])
    if family is not None and 0 <= row["position"] < len(family.fields):
        field = family.fields[row["position"]]
        if field.name == row["field"] and row["code"] in field.values:
            return list(field.values).index(row["code"])
    raise UnknownClause(row["chip_id"], row["family"], row["field"], row["code"])
