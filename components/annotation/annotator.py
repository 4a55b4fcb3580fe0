"""From a chip to the eight clauses of its family: the five steps of HCoT, one after the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components.annotation.facts import facts_of
from components.annotation.findings import Finding
from components.annotation.rules import Rules
from components.annotation.steps import STEPS
from components.records.families import UNKNOWN_CODE, Family

ANNOTATOR = "hcot-rules-1"
NOTHING_KNOWN = "no label or measurement decides it"


def annotate_chip(row: Mapping[str, Any], rules: Rules, family: Family | None = None) -> list[dict[str, Any]]:
    """Eight rows of ANNOTATIONS, in the order of the chip's family.

    A field that no step can decide says "unknown": nothing is guessed.

    Args:
        row: one row of CHIPS with the columns in `components.annotation.facts.COLUMNS`.
        rules: the bounds of the codes.
        family: of the caption that came with the scene; None = as the labels ask for.
    """
    chip = facts_of(row) if family is None else replace(facts_of(row), family=family)
    found: dict[str, tuple[Finding, str]] = {}
    for step in STEPS:
        so_far = {field: finding for field, (finding, _) in found.items()}
        found.update({field: (finding, step.name) for field, finding in step.think(chip, so_far, rules).items()})
    rows = []
    for position, field in enumerate(chip.family.fields):
        finding, step_name = found.get(field.name, (Finding(UNKNOWN_CODE, NOTHING_KNOWN), field.step))
        rows.append(
            {
                **{name: row[name] for name in ("chip_id", "scene_id", "place_id", "split")},
                "family": chip.family.name,
                "position": position,
                "field": field.name,
                "code": finding.code,
                "lead_in": field.lead_in,
                "value": field.values[finding.code],
                "step": step_name,
                "evidence": finding.evidence,
                "annotator": ANNOTATOR,
            }
        )
    return rows
