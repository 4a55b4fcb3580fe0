"""Clauses: each says one code of its field's closed list, in that code's words."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.records.families import FAMILIES, HCOT_STEPS, UNKNOWN_CODE
from components.validation.suite import CRITICAL, WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckAnnotationsConfig

# "ship Count 3" to the clause that must say it: "ships counted three".
CLOSED_LIST = {
    f"{family.name} {field.name} {code}": f"{field.lead_in} {words}"
    for family in FAMILIES
    for field in family.fields
    for code, words in field.values.items()
}


def frame(tables: Tables) -> pd.DataFrame:
    """One row per clause; its id is `chip_id field`."""
    clauses = tables.clauses
    coded = clauses["family"] + " " + clauses["field"] + " " + clauses["code"]
    said = clauses["lead_in"] + " " + clauses["value"]
    known = set(tables.labelled["chip_id"])
    return pd.DataFrame(
        {
            "clause": clauses["chip_id"] + " " + clauses["field"],
            "coded": coded,
            "said": said,
            # A code outside the list is the first expectation's matter, not a second failure.
            "words_of_code": coded.map(CLOSED_LIST).fillna(said),
            "step": clauses["step"],
            "evidence": clauses["evidence"],
            "is_unknown": (clauses["code"] == UNKNOWN_CODE).astype("int64"),
            "is_orphan": (~clauses["chip_id"].isin(known)).astype("int64"),
        }
    )


def expectations(config: "CheckAnnotationsConfig") -> list[Any]:
    """What holds for every clause, wrong ones included: a wrong clause is still a possible one."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="coded",
            value_set=list(CLOSED_LIST),
            severity=CRITICAL,
            notes="The field cannot say this code: add it to components/records/families.py or mend the annotator.",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="said",
            column_B="words_of_code",
            severity=CRITICAL,
            notes="Lead-in and value must be the code's words in components/records/families.py: run annotate again.",
        ),
        gxe.ExpectColumnValuesToBeUnique(
            column="clause",
            severity=CRITICAL,
            notes="A chip has the same field twice: run annotate again.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_orphan",
            value_set=[0],
            severity=CRITICAL,
            notes="The clause belongs to no chip of ingest: run annotate again.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="step",
            value_set=list(HCOT_STEPS),
            severity=CRITICAL,
            notes="No such step of HCoT: mend the annotator's STEPS.",
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="evidence",
            min_value=1,
            severity=CRITICAL,
            notes="A clause must say what it rests on: mend the step that wrote it.",
        ),
        gxe.ExpectColumnMeanToBeBetween(
            column="is_unknown",
            max_value=config.unknown_warning_share,
            severity=WARNING,
            notes="Many clauses say nothing: label land cover and objects, or use an annotator that can see.",
        ),
    ]


SUITE = Suite("clauses", "check_annotations", "clause", frame, expectations)
