"""What a retrain is called in Prefect's page."""

import re

from prefect.runtime import flow_run

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = 10  # letters; its run in MLflow has as many


def retrain_name() -> str:
    """`laptop 1a2b3c4d5e`, or `laptop more-scenes`: profile and revision of the flow run that begins."""
    given = flow_run.parameters
    return f"{given['profile']} {short(given['revision'])}"


def short(revision: str) -> str:
    """A full commit id with its first letters alone; a branch, a tag or a short id as it was given."""
    return revision[:_SHORT] if _FULL_ID.fullmatch(revision) else revision
