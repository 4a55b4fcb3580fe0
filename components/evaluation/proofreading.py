"""SCIO against the clauses that were made wrong on purpose, which it could not know of (papers/fusar-klip.md 10.3)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from components.evaluation.report import Metric
from components.records.schemas import CHIPS, CORPUS, INJECTED
from components.records.tables import read_table
from components.scores.bootstrap import Estimate, Resampling, mean
from components.scores.separation import auroc

MODEL, TASK = "fusar-klip", "scio"
_COLUMNS = ("chip_id", "family", "field", "original_code", "final_code", "suspicion")
_CHIP_COLUMNS = ("chip_id", "place_id", "platform")


@dataclass(frozen=True)
class Clause:
    """One clause of a training caption, before and after SCIO; `true_code` is None where nobody made it wrong."""

    chip_id: str
    place_id: str
    platform: str
    family: str
    field: str
    original_code: str
    final_code: str
    true_code: str | None
    suspicion: float

    @property
    def is_injected(self) -> bool:
        """Whether it was made wrong on purpose."""
        return self.true_code is not None

    @property
    def is_restored(self) -> bool:
        """Whether it now says what the annotator had said."""
        return self.final_code == (self.true_code or self.original_code)


def read_clauses(corpus: Path, injected: Path, chips: Path) -> list[Clause]:
    """Clauses of all training captions: only these were corrupted, so only these tell right from wrong."""
    table = read_table(chips, CHIPS, [*_CHIP_COLUMNS, "split"])
    rows = table.filter(pc.equal(table["split"], "train")).select(list(_CHIP_COLUMNS)).to_pylist()
    known = {row["chip_id"]: row for row in rows}
    truths = {(row["chip_id"], row["field"]): row["true_code"] for row in read_table(injected, INJECTED).to_pylist()}
    return [
        Clause(**known[row["chip_id"]] | row, true_code=truths.get((row["chip_id"], row["field"])))
        for row in read_table(corpus, CORPUS, _COLUMNS).to_pylist()
        if row["chip_id"] in known
    ]


def proofread(clauses: Sequence[Clause], resampling: Resampling) -> tuple[list[Metric], list[dict[str, Any]]]:
    """How well SCIO finds and mends wrong clauses, and how many right ones it spoils.

    - auroc: chance that an injected clause is more suspect than a clean one (pooled over fields; slices by field);
    - restored: share of injected clauses that end with their true code; majority = the field's commonest code is it;
    - clean_changed: share of clean clauses that end with another code;
    - right_after: share of all clauses that end right; before = the same without SCIO.

    Clean means not injected: what the annotator itself got wrong counts as clean.

    Returns:
        The figures, and a row of ITEMS per injected clause.
    """
    wrong = [clause for clause in clauses if clause.is_injected]
    clean = [clause for clause in clauses if not clause.is_injected]
    if not wrong or not clean:
        return [], []
    usual = _usual_codes(clauses)
    guessed = [float(usual[clause.family, clause.field] == clause.true_code) for clause in wrong]
    before = [float(not clause.is_injected) for clause in clauses]
    restored = [float(clause.is_restored) for clause in wrong]
    changed = [float(not clause.is_restored) for clause in clean]
    right = [float(clause.is_restored) for clause in clauses]
    metrics = [
        _metric("auroc", _auroc(clauses, resampling), {"chance": 0.5}, _auroc_by_field(clauses, resampling)),
        _metric("restored", _mean(restored, wrong, resampling), {"majority": float(np.mean(guessed)), "before": 0.0}),
        _metric("clean_changed", _mean(changed, clean, resampling), {"before": 0.0}),
        _metric("right_after", _mean(right, clauses, resampling), {"before": float(np.mean(before))}),
    ]
    return metrics, [_row(clause, guess) for clause, guess in zip(wrong, guessed, strict=True)]


def _auroc(clauses: Sequence[Clause], resampling: Resampling) -> Estimate:
    return auroc(
        [clause.suspicion for clause in clauses],
        [clause.is_injected for clause in clauses],
        [clause.place_id for clause in clauses],
        resampling,
    )


def _auroc_by_field(clauses: Sequence[Clause], resampling: Resampling) -> dict[str, Estimate]:
    groups: dict[str, list[Clause]] = {}
    for clause in clauses:
        groups.setdefault(f"{clause.family}.{clause.field}", []).append(clause)
    found = {name: _auroc(own, resampling) for name, own in sorted(groups.items())}
    return {name: estimate for name, estimate in found.items() if np.isfinite(estimate.value)}


def _mean(values: Sequence[float], clauses: Sequence[Clause], resampling: Resampling) -> Estimate:
    return mean(values, [clause.place_id for clause in clauses], resampling)


def _metric(
    name: str, estimate: Estimate, baselines: dict[str, float], by_field: dict[str, Estimate] | None = None
) -> Metric:
    slices = {"field": by_field} if by_field else {}
    is_better_high = name != "clean_changed"
    return Metric(
        f"{TASK}.{name}", MODEL, TASK, name, "none", estimate, baselines, slices=slices, is_better_high=is_better_high
    )


def _usual_codes(clauses: Sequence[Clause]) -> dict[tuple[str, str], str]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for clause in clauses:
        counts.setdefault((clause.family, clause.field), Counter())[clause.original_code] += 1
    return {key: min(count, key=lambda code: (-count[code], code)) for key, count in counts.items()}


def _row(clause: Clause, guess: float) -> dict[str, Any]:
    return {
        "model": MODEL,
        "task": f"{TASK}_restored",
        "variant": "none",
        "chip_id": clause.chip_id,
        "place_id": clause.place_id,
        "platform": clause.platform,
        "family": clause.family,
        "question": clause.field,
        "truth": clause.true_code,
        "answer": clause.final_code,
        "score": float(clause.is_restored),
        "majority_score": guess,
    }
