"""Runs that stand open in MLflow although nobody works on them any more: a machine that died closes nothing."""

from collections.abc import Callable, Iterator
from typing import Final

from mlflow.entities import Run

from components.tracking.results import RetrainResult, StageResult
from components.tracking.runs import KIND, Tracking

_PARENT: Final = "mlflow.parentRunId"
_FLOW_RUN: Final = "fusar.flow_run_id"
_REASON: Final = "whoever worked on it was killed or lost"


def end_abandoned(tracking: Tracking, is_over: Callable[[str], bool]) -> tuple[str, ...]:
    """Close as KILLED the open runs of retrains whose flow run is over, and those of stages whose retrain is.

    Args:
        tracking: of the repository.
        is_over: whether the flow run with an id has ended, however it did.

    Returns:
        Names of the runs that were closed.
    """
    closed = []
    for run in _open_runs(tracking, "retrain"):
        if is_over(run.data.tags.get(_FLOW_RUN, "")):
            tracking.finish_retrain_run(run.info.run_id, "KILLED", RetrainResult(tags={"fusar.failure": _REASON}))
            closed.append(str(run.info.run_name))
    for run in _open_runs(tracking, "stage"):
        if tracking.client.get_run(run.data.tags[_PARENT]).info.status != "RUNNING":
            tracking.finish_stage_run(run.info.run_id, StageResult("KILLED", _seconds(tracking, run), failure=_REASON))
            closed.append(str(run.info.run_name))
    return tuple(closed)


def _open_runs(tracking: Tracking, kind: str) -> Iterator[Run]:
    yield from tracking.client.search_runs(
        [tracking.experiment_id], f"tags.`{KIND}` = '{kind}' and attributes.status = 'RUNNING'"
    )


def _seconds(tracking: Tracking, run: Run) -> float:
    """From the start of a stage to the end of its retrain [s]: nobody saw when it was lost."""
    end = tracking.client.get_run(run.data.tags[_PARENT]).info.end_time or run.info.start_time
    return float(max(0, end - run.info.start_time)) / 1000
