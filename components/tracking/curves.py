"""Training curves as MLflow metrics: one metric per column of curve.parquet, by step."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric

STEP = "step"


def curve_metrics(path: Path, prefix: str) -> Iterator[Metric]:
    """Metrics `<prefix>/<column>` of a Parquet curve, in the order of its rows.

    Args:
        path: Parquet with an integer column `step`; numeric columns are curves, text columns (`phase`) go into names.
        prefix: the first part of the metrics' names.

    Yields:
        One metric per row and numeric column; nulls and NaN are left out.
    """
    table = pq.read_table(path)
    labels = [field.name for field in table.schema if pa.types.is_string(field.type)]
    curves = [field.name for field in table.schema if field.name != STEP and _is_number(field.type)]
    now_ms = int(time.time() * 1000)
    for row_number, row in enumerate(table.to_pylist()):
        parts = [prefix, *(str(row[label]) for label in labels if row[label] is not None)]
        step = int(row.get(STEP, row_number))
        for name in curves:
            value = row[name]
            if value is not None and math.isfinite(value):
                yield Metric("/".join([*parts, name]), float(value), now_ms, step)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
