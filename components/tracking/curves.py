"""Training curves as MLflow metrics: one for each phase and name, by step."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from mlflow.entities import Metric


def curve_metrics(path: Path) -> Iterator[Metric]:
    """Metrics `<phase>/<name>` of a curve (schema CURVE), in the order of its rows.

    MLflow's page shows what stands before the last slash as one group of charts, so a phase is a group.

    Args:
        path: Parquet with `step`, `phase`, `name` and `value`; its version is not asked, older commits may run.

    Yields:
        One metric per row; values that are not finite are left out.
    """
    now_ms = int(time.time() * 1000)
    for row in pq.read_table(path, columns=["step", "phase", "name", "value"]).to_pylist():
        if row["value"] is not None and math.isfinite(row["value"]):
            yield Metric(f"{row['phase']}/{row['name']}", float(row["value"]), now_ms, int(row["step"]))
