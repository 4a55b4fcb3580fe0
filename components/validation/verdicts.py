"""From what Great Expectations says of a frame to rows of VERDICTS."""

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from components.validation.errors import Failure
from components.validation.suite import CRITICAL, Suite

EXAMPLES = 20


def verdict_of(suite: Suite, result: Any, frame: pd.DataFrame) -> dict[str, Any]:
    """One row of VERDICTS.

    Args:
        suite: whose expectation it was.
        result: Great Expectations' result for one expectation.
        frame: what it judged, its strings escaped; ids are unescaped here.

    Raises:
        RuntimeError: the expectation itself could not be computed: our own mistake.
    """
    expected, details = result.expectation_config, result.result
    if not result.success and not details:
        raise RuntimeError(f"suite {suite.name}: {expected.type} could not be computed: {result.exception_info}")
    columns = [expected.kwargs[key] for key in ("column", "column_A", "column_B") if key in expected.kwargs]
    if "unexpected_count" in details:
        unexpected = int(details["unexpected_count"])
        ids = [row[suite.row_id] for row in details.get("partial_unexpected_index_list") or []]
    else:  # about a whole indicator column: the rows that hold 1 are to blame
        blamed = frame.loc[frame[columns[0]].eq(1), suite.row_id] if not result.success else frame[suite.row_id][:0]
        unexpected, ids = len(blamed), blamed.tolist()
    return {
        "suite": suite.name,
        "expectation": expected.type,
        "column": ",".join(columns),
        "severity": str(getattr(expected.severity, "value", expected.severity)),
        "success": bool(result.success),
        "rows": len(frame),
        "unexpected": unexpected,
        "examples": [html.unescape(str(name)) for name in ids[:EXAMPLES]],
        "remedy": expected.notes,
    }


def critical_failures(verdicts: Sequence[dict[str, Any]]) -> tuple[Failure, ...]:
    """The verdicts that must stop the chain."""
    return tuple(
        Failure(
            verdict["suite"],
            verdict["expectation"],
            verdict["column"],
            verdict["unexpected"],
            tuple(verdict["examples"]),
            verdict["remedy"],
        )
        for verdict in verdicts
        if verdict["severity"] == CRITICAL and not verdict["success"]
    )
