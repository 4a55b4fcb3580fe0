"""What a suite is: a frame of plain values, and what Great Expectations shall expect of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from components.contract.stage import Paths

CRITICAL, WARNING, INFO = "critical", "warning", "info"


@dataclass(frozen=True)
class Suite:
    """One table and its expectations.

    Attributes:
        name: as it stands in the verdicts and in Data Docs.
        stage: the stage that runs it.
        row_id: the frame's column that names a row in messages.
        frame: makes the frame from the stage's inputs: one row per thing that can fail, scalars only.
        expectations: makes Great Expectations' objects from the stage's config; each has a severity, and in `notes`
            the remedy. An expectation about a whole column (a mean) must be about an indicator column of 0 and 1:
            the rows that hold 1 are the ones it blames.
    """

    name: str
    stage: str
    row_id: str
    frame: Callable[[Paths], pd.DataFrame]
    expectations: Callable[[Any], list[Any]]
