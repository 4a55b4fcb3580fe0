"""How long a stage may take, and which of its failures are worth another try: the part `stages` of prefect.yaml."""

import re
from typing import Any, Final

from flows.deploying.file import Patience, read_prefect_file
from flows.errors import StageFailed
from flows.listening import listener

DEFAULT: Final = "default"
FIRST_DELAY_SECONDS: Final = 10.0  # doubled with each further try
# What the network, or a service behind it, does for a while, and the end of a worker whose machine is taken away.
_LOST = re.compile(
    r"connect|timed out|time-?out\b|temporar|unreachable|does not answer|broken pipe|reset by peer|name resolution"
    r"|not known|bad gateway|service unavailable|heartbeat|termination signal|never began",
    re.IGNORECASE,
)
# What comes again: the same work needs the same memory.
_MEMORY = re.compile(
    r"out of ?memory|cannot allocate|\bkilled\b|sigkill|(code|with|status) -9\b|\b137\b", re.IGNORECASE
)


def patience_with(stage: str) -> Patience:
    """How long one stage may take [h], and how often it is tried again.

    Raises:
        BadDeployFile: prefect.yaml is wrong.
    """
    stages = read_prefect_file().stages
    return stages.get(stage, stages[DEFAULT])


def is_worth_another_try(task: Any, _: object, state: Any) -> bool:
    """Prefect's question after each failure of a stage: yes where a connection or a worker was lost, else no."""
    error = state.result(raise_on_failure=False)
    # Of a stage its reason alone: the path of its log could hold any word.
    said = error.reason if isinstance(error, StageFailed) else str(error)
    reason = f"{type(error).__name__}: {said}"
    is_lost = bool(_LOST.search(reason)) and not _MEMORY.search(reason)
    if is_lost:
        listener().line(f"{task.name}: a connection or a worker was lost ({said}); trying again")
    return is_lost
