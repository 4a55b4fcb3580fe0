"""What a stage's flow run hands back to the retrain that waits for it: its lock entry, as an artifact of the run.

Prefect keeps return values in files, and the two share none; an artifact lies in the server's database.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.artifacts import Artifact
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort

KIND = "dvc-lock-entry"


def answer(entry: Mapping[str, Any]) -> None:
    """Leave a lock entry with the flow run that this process executes."""
    Artifact(type=KIND, data=dict(entry), description="What dvc.lock says of this stage now.").create()


def answer_of(flow_run_id: UUID) -> dict[str, Any] | None:
    """The lock entry that a flow run has left, the newest where it ran twice; None where there is none."""
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]), type=ArtifactFilterType(any_=[KIND])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1, offset=0)
    return dict(json.loads(found[0].data)) if found else None
