"""What the pixels of a scene say of its scale, by polarisation."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.pictures.histograms import CODES, NAMED, planes_of, quantile
from components.records.backscatter import FIRST_CODE_DB, STEP_DB
from components.records.schemas import CHIPS
from components.records.tables import read_table

PLANES = pa.schema(
    [
        ("scene_id", pa.string()),
        ("platform", pa.string()),
        ("frequency_band", pa.string()),
        ("quantity", pa.string()),
        ("polarization", pa.string()),
        ("mean_db", pa.float64()),
        ("spread_db", pa.float64()),
        ("clipped_share", pa.float64()),
    ]
)
_SENSOR = ("platform", "frequency_band", "quantity")
_AMPLITUDE = "amplitude"
_SPREAD = (0.02, 0.98)  # quantiles whose distance is the spread
_LEVELS = FIRST_CODE_DB + (np.arange(CODES) - 1.0) * STEP_DB


def measured_planes(file: Path) -> pa.Table:
    """Each polarisation of each scene of a file of CHIPS: one row a plane, as PLANES.

    `mean_db` and `spread_db` (98th minus 2nd percentile) are missing for uncalibrated amplitude; `clipped_share` is
    the share of valid pixels at an end of the scale, at its upper end alone for amplitude.
    """
    table = read_table(file, CHIPS, [*NAMED, *_SENSOR])
    names = zip(*(table[name].to_pylist() for name in ("scene_id", *_SENSOR)), strict=True)
    sensors = {scene: dict(zip(_SENSOR, sensor, strict=True)) for scene, *sensor in names}
    rows = [
        {
            "scene_id": plane.scene_id,
            **sensors[plane.scene_id],
            "polarization": plane.polarization,
            **_figures(plane.counts, sensors[plane.scene_id]["quantity"] == _AMPLITUDE),
        }
        for plane in planes_of(table)
    ]
    return pa.Table.from_pylist(rows, PLANES)


def _figures(counts: npt.NDArray[np.int64], is_amplitude: bool) -> dict[str, Any]:
    valid = int(counts[1:].sum())
    if not valid:
        return {"mean_db": None, "spread_db": None, "clipped_share": None}
    if is_amplitude:
        return {"mean_db": None, "spread_db": None, "clipped_share": counts[-1] / valid}
    low, high = (quantile(counts, share) for share in _SPREAD)
    return {
        "mean_db": float(counts[1:] @ _LEVELS[1:]) / valid,
        "spread_db": (high - low) * STEP_DB,
        "clipped_share": (counts[1] + counts[-1]) / valid,
    }
