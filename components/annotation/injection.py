"""Wrong clauses made on purpose in the training split, so that it can be measured what pretraining finds and mends."""

import hashlib
from collections.abc import Sequence
from typing import Any

from components.records.families import BY_NAME, UNKNOWN_CODE
from components.records.given import GIVEN

CORRUPTED_SPLIT = "train"


def corrupt_caption(clauses: list[dict[str, Any]], share: float, seed: int) -> dict[str, Any] | None:
    """Swap the value of one clause in this chip's caption, in place, if the chip is among the share that is corrupted.

    Field and value are uniform over the fields whose truth is known and their other values; "unknown" is never put in.
    Everything follows from a hash of seed and chip id: adding a scene changes no other chip.

    Args:
        clauses: the chip's rows of ANNOTATIONS; evidence and step stay as they are and do not tell on the swap.
        share: of captions to corrupt [0..1].
        seed: another seed corrupts other chips.

    Returns:
        The row of INJECTED that records the swap; None where nothing was swapped.
    """
    chip_id, split = clauses[0]["chip_id"], clauses[0]["split"]
    # Of a clause that came with its scene nobody here knows the truth.
    known = [clause for clause in clauses if clause["code"] != UNKNOWN_CODE and clause["annotator"] != GIVEN]
    draws = _uniform_draws(f"{seed}:{chip_id}")
    if split != CORRUPTED_SPLIT or not known or draws[0] >= share:
        return None
    clause = known[int(draws[1] * len(known))]
    values = BY_NAME[clause["family"]].field(clause["field"]).values
    others = [code for code in values if code not in (clause["code"], UNKNOWN_CODE)]
    code = others[int(draws[2] * len(others))]
    record = {
        "chip_id": chip_id,
        "field": clause["field"],
        "true_code": clause["code"],
        "true_value": clause["value"],
        "injected_code": code,
        "injected_value": values[code],
    }
    clause.update(code=code, value=values[code])
    return record


def _uniform_draws(key: str) -> Sequence[float]:
    """Three numbers in [0, 1) that depend on the key alone."""
    digest = hashlib.sha256(key.encode()).digest()
    return [int.from_bytes(digest[start : start + 6], "big") / 2**48 for start in (0, 6, 12)]
