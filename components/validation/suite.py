"""What a suite is: a frame of plain values, and what Great Expectations shall expect of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from components.validation.tables import Tables

CRITICAL, WARNING, INFO = "critical", "warning", "info"


@dataclass(frozen=True)
class Suite:
    """One table and its expectations.

    Attributes:
        name: as it stands in the verdicts and in Data Docs.
        stage: the stage that runs it.
        row_id: the frame's column that names a row in messages.
        frame: makes the frame from what the stage reads: one row per thing that can fail, scalars only.
        expectations: makes Great Expectations' objects from the stage's config; each has a severity, and in `notes`
            the remedy. An expectation about a whole column (a mean) must be about an indicator column of 0 and 1:
            the rows that hold 1 are the ones it blames.
    """

    name: str
    stage: str
    row_id: str
    frame: Callable[["Tables"], pd.DataFrame]
    expectations: Callable[[Any], list[Any]]
