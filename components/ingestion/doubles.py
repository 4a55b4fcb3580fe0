"""One scene under two names: the first by name is kept and the others are set aside, or its chips would weigh twice."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from components.ingestion.scenes import Job, Outcome, set_aside_row
from components.rasters.errors import SameScene

_CHIPS_AT_ONCE = 16  # of one scene in memory


def set_doubles_aside(outcomes: Sequence[Outcome], job: Job) -> list[Outcome]:
    """Remove the chips of each scene whose pixels are those of one before it; the others stay as they are."""
    alike = Counter(outcome.sketch for outcome in outcomes)
    del alike[""]  # not cut
    names: dict[str, str] = {}
    kept = []
    for outcome in outcomes:
        if alike[outcome.sketch] > 1:
            chips = job.chips / f"{outcome.scene_id}.parquet"
            other = names.setdefault(_pixels_digest(chips), outcome.scene_id)
            if other != outcome.scene_id:
                chips.unlink()
                outcome = _double(outcome, other, job.data)
        kept.append(outcome)
    return kept


def _double(outcome: Outcome, other: str, data: Path) -> Outcome:
    item_file = data / "items" / f"{outcome.scene_id}.json"
    row = set_aside_row(item_file, SameScene(item_file, other), data)
    return replace(outcome, kind="set aside", set_aside=row, splits={})


def _pixels_digest(chips: Path) -> str:
    digest = hashlib.sha256()
    with pq.ParquetFile(chips) as file:
        for batch in file.iter_batches(_CHIPS_AT_ONCE, columns=["backscatter"]):
            for pixels in batch.column(0):
                digest.update(pixels.as_buffer())
    return digest.hexdigest()
