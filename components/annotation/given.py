"""Captions that came with a scene: what they say stands, whatever the steps of HCoT found."""

from typing import Any, Final

from components.records.families import BY_NAME, UNKNOWN_CODE
from components.records.given import GIVEN, GivenCaption

COUNTS: Final = ("given", "disputed")


def put_given(clauses: list[dict[str, Any]], caption: GivenCaption) -> dict[str, int]:
    """Let a caption say the fields that it has a code for, in place; the others stay as they were found.

    Args:
        clauses: a chip's rows of ANNOTATIONS, of the caption's family.
        caption: of the chip's scene.

    Returns:
        Clauses that are `given`, and those of them that are `disputed`: labels and backscatter say another code.
    """
    counts = dict.fromkeys(COUNTS, 0)
    for clause in clauses:
        said = caption.clauses.get(clause["field"])
        if said is None or said.code is None:
            continue
        counts["given"] += 1
        counts["disputed"] += clause["code"] not in (said.code, UNKNOWN_CODE)
        value = BY_NAME[caption.family].field(clause["field"]).values[said.code]
        clause.update(code=said.code, value=value, evidence=f"came with the scene: {said.text}", annotator=GIVEN)
    return counts
