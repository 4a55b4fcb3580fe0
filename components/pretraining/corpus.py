"""The corrected corpus: for every clause what was written, what stands now, and what the screen thought of it."""

from typing import Any

import torch

from components.contract.stage import Metrics
from components.pretraining.captions import ABSENT, Captions, field_at
from components.pretraining.repair import Repair
from components.pretraining.samples import Samples
from components.pretraining.stage import ScioConfig
from components.records.families import FAMILIES, Field

KEPT, REWRITTEN, REJECTED, PROTECTED = STATUSES = ("kept", "rewritten", "rejected", "protected")


def corpus_rows(samples: Samples, repaired: Repair, scio: ScioConfig) -> list[dict[str, Any]]:
    """Rows of the schema CORPUS by chip and position.

    `score_before` and `score_after` are the network's log-probabilities [nat] of the original and of the final value.
    """
    rows: list[dict[str, Any]] = []
    for n, k in (samples.captions.values != ABSENT).nonzero().tolist():
        family = int(samples.captions.family[n])
        field = field_at(family, k)
        original, final = (_coded(field, captions, n, k) for captions in (samples.captions, repaired.captions))
        rows.append(
            {
                "chip_id": samples.chip_ids[n],
                "scene_id": samples.scene_ids[n],
                "family": FAMILIES[family].name,
                "position": k,
                "field": field.name,
                "lead_in": field.lead_in,
                "original_code": original[0],
                "original_value": original[1],
                "final_code": final[0],
                "final_value": final[1],
                "status": _status(field, repaired, scio, n, k),
                "suspicion": float(repaired.suspicion[n, k]),
                "score_before": float(repaired.before[n, k]),
                "score_after": float(repaired.after[n, k]),
                "round": int(repaired.rewritten_in[n, k]),
            }
        )
    return rows


def corpus_metrics(samples: Samples, repaired: Repair) -> Metrics:
    """How many captions and clauses were screened, doubted, rewritten and left because the gate refused."""
    rewritten = repaired.rewritten_in > 0
    counts = {
        "clauses_screened": torch.count_nonzero(samples.captions.values != ABSENT),
        "captions_doubted": torch.count_nonzero(repaired.suspect != ABSENT),
        "captions_rewritten": torch.count_nonzero(rewritten.any(dim=1)),
        "clauses_rewritten": torch.count_nonzero(rewritten),
        "clauses_rejected": torch.count_nonzero(repaired.rejected),
    }
    return {"captions_screened": float(len(samples)), **{name: float(count) for name, count in counts.items()}}


def _coded(field: Field, captions: Captions, n: int, k: int) -> tuple[str, str]:
    code = list(field.values)[int(captions.values[n, k])]
    return code, field.values[code]


def _status(field: Field, repaired: Repair, scio: ScioConfig, n: int, k: int) -> str:
    if field.name in scio.protected_fields:
        return PROTECTED
    if repaired.rewritten_in[n, k] > 0:
        return REWRITTEN
    return REJECTED if bool(repaired.rejected[n, k]) else KEPT
