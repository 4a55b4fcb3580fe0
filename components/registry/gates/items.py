"""The items of an evaluation as gates pair and group them."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.scores.bootstrap import Estimate

Item = Mapping[str, Any]
Key = tuple[str, str]  # chip id and question


def items_of(table: pa.Table, task: str, variant: str) -> list[Item]:
    """The items of one task and variant, as rows of schema ITEMS."""
    chosen = pc.and_(pc.equal(table["task"], task), pc.equal(table["variant"], variant))
    return list(table.filter(chosen).to_pylist())


def by_question(table: pa.Table, task: str, variant: str) -> dict[Key, Item]:
    """Items by chip and question; a question that was put twice to one chip has no partner for sure and is left out."""
    rows = items_of(table, task, variant)
    counts = Counter((row["chip_id"], row["question"]) for row in rows)
    return {(row["chip_id"], row["question"]): row for row in rows if counts[row["chip_id"], row["question"]] == 1}


def scene_of(chip_id: str) -> str:
    """The scene that a chip was cut from."""
    return chip_id.rpartition("-r")[0]


def as_json(estimate: Estimate) -> dict[str, float | int | None]:
    """An estimate as evidence: what has no value, as an interval over one place, is None, for NaN is no JSON."""
    return {name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()}
