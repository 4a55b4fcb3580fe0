"""What the report page rests on: the outputs of a retrain, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.contract.errors import FusarError
from components.records import schemas
from components.records.tables import read_table

CURVES = ("pretrain", "align", "instruct")
SUITES = ("check_chips", "check_annotations")


@dataclass(frozen=True)
class Evidence:
    """Outputs of one retrain, as Arrow tables; `chips` without the pixels of chips that no picture shows."""

    chips: pa.Table
    annotations: pa.Table
    corpus: pa.Table
    injected: pa.Table
    items: pa.Table
    set_aside: pa.Table
    verdicts: pa.Table
    curves: dict[str, pa.Table]
    report: dict[str, Any]

    @property
    def simulated(self) -> bool:
        """Whether any chip was simulated."""
        return any(self.chips["simulated"].to_pylist())


def read_evidence(outputs: Path) -> Evidence:
    """Read the outputs of all stages.

    Raises:
        FusarError: a file is missing, unreadable or of another schema.
    """
    return Evidence(
        chips=read_table(outputs / "ingest/chips", schemas.CHIPS),
        annotations=read_table(outputs / "annotate/annotations", schemas.ANNOTATIONS),
        corpus=read_table(outputs / "pretrain/corpus.parquet", schemas.CORPUS),
        injected=read_table(outputs / "annotate/injected.parquet", schemas.INJECTED),
        items=read_table(outputs / "evaluate/items.parquet", schemas.ITEMS),
        set_aside=read_table(outputs / "ingest/set_aside.parquet", schemas.SET_ASIDE),
        verdicts=pa.concat_tables(
            read_table(outputs / suite / "verdicts.parquet", schemas.VERDICTS) for suite in SUITES
        ),
        curves={stage: read_table(outputs / stage / "curve.parquet", schemas.CURVE) for stage in CURVES},
        report=_read_json(outputs / "evaluate/report.json"),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FusarError(f"{path}: cannot be read as JSON ({error}). Run `dvc repro evaluate`.") from error
    return content
