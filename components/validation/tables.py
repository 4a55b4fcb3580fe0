"""What the suites look at, read once for all of them; what was measured on a scene before is not measured again."""

from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from components.contract.stage import Paths
from components.memo.code import code_digest
from components.memo.rows import Rows, rows_of
from components.memo.store import Memo, memo_here, memo_key
from components.records.schemas import ANNOTATIONS, SET_ASIDE
from components.records.tables import read_table
from components.validation.contents import CONTENTS, OBJECTS, counted_contents, measured_objects
from components.validation.likeness import HASHED, hashed_chips
from components.validation.planes import PLANES, measured_planes
from components.validation.summaries import LABELLED, MEASURED, labelled_chips, measured_chips

# What the memo's version of the code covers: this package and the foundations that it imports.
CODE = (
    "components.contract",
    "components.memo",
    "components.pictures",
    "components.records",
    "components.validation",
)
_CLAUSES = pa.schema(list(ANNOTATIONS))


class Tables:
    """The inputs of a check as frames of plain values. Nobody changes a frame: others look at it too."""

    def __init__(self, inputs: Paths) -> None:
        self._inputs = inputs
        self._found: dict[str, Rows] = {}

    @cached_property
    def measured(self) -> pd.DataFrame:
        """One row a chip: its metadata and what was measured on it, see `measured_chips`."""
        return self._rows("chips", MEASURED, measured_chips)

    @cached_property
    def planes(self) -> pd.DataFrame:
        """One row a scene and polarisation: its level and spread, see `measured_planes`."""
        return self._rows("chips", PLANES, measured_planes)

    @cached_property
    def hashed(self) -> pd.DataFrame:
        """One row a chip: its digest and hash, see `hashed_chips`."""
        return self._rows("chips", HASHED, hashed_chips)

    @cached_property
    def contents(self) -> pd.DataFrame:
        """One row a class in a split of a file: how many of its chips hold it, see `counted_contents`."""
        return self._rows("chips", CONTENTS, counted_contents)

    @cached_property
    def objects(self) -> pd.DataFrame:
        """One row a labelled object: its box and the pixels below it, see `measured_objects`."""
        return self._rows("chips", OBJECTS, measured_objects)

    @property
    def chips(self) -> Path:
        """The folder of the files that all of this was measured on."""
        return self._inputs["chips"]

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """One row a chip: what its labels ask of its texts, see `labelled_chips`."""
        return self._rows("chips", LABELLED, labelled_chips)

    @cached_property
    def clauses(self) -> pd.DataFrame:
        """One row a clause, as ANNOTATIONS."""
        return self._rows("annotations", _CLAUSES, partial(read_table, schema=ANNOTATIONS))

    @cached_property
    def set_aside(self) -> pd.DataFrame:
        """One row for each scene that could not be used, as SET_ASIDE."""
        frame: pd.DataFrame = read_table(self._inputs["set_aside"], SET_ASIDE).to_pandas()
        return frame

    def memo_of(self, name: str) -> tuple[Memo | None, str]:
        """The memo, and the key of what is kept under a name by this version of the code."""
        memo = memo_here()
        return memo, memo_key(name, code_digest(CODE)) if memo else ""

    def said(self) -> str:
        """How many chips and clauses were looked at now, and of how many the memo knew what was found."""
        names = {"chips": "chips measured", "annotations": "clauses read"}
        return "; ".join(
            f"{names[name]} {rows.anew}, known from the memo {rows.known}" for name, rows in self._found.items()
        )

    def _rows(self, name: str, schema: pa.Schema, measure: Any) -> pd.DataFrame:
        files = sorted(self._inputs[name].glob("*.parquet"))
        memo, version = self.memo_of(f"{name} {schema.to_string()}")
        found = rows_of(files, schema, measure, memo, version)
        self._found.setdefault(name, found)  # each later table of the same files is about the same chips
        frame: pd.DataFrame = found.table.to_pandas()
        return frame
