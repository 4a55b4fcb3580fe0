"""The MLflow runs of one retrain."""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.contract.stage import OUTPUTS_FOLDER
from components.revisions.checkout import Checkout
from components.revisions.home import Home
from components.tracking.keys import input_key

if TYPE_CHECKING:
    from components.tracking.runs import Status, Tracking


class Recorder:
    """Makes each run when it is first needed: a retrain without work makes none, and MLflow is not even imported."""

    def __init__(self, home: Home, checkout: Checkout, flow_run_id: str) -> None:
        self._home, self._checkout, self._flow_run_id = home, checkout, flow_run_id

    @cached_property
    def _tracking(self) -> "Tracking":
        from components.tracking.runs import Tracking

        return Tracking(self._home.root)

    @cached_property
    def mlflow_run_id(self) -> str:
        """Id of the retrain's own run, the parent of its stages' runs."""
        return self._tracking.start_retrain_run(self._checkout.commit, self._checkout.profile, self._flow_run_id)

    def close(self, status: "Status", metrics: Mapping[str, float]) -> None:
        """End the retrain's run, if there is one, and keep its lock in it."""
        if "mlflow_run_id" in vars(self):
            self._tracking.finish_retrain_run(self.mlflow_run_id, status, metrics, self._checkout.lock)

    def restored(self, stage: str, entry: Mapping[str, Any]) -> None:
        """Link the run that once made a restored stage."""
        self._tracking.link_restored_stage(self.mlflow_run_id, stage, input_key(entry))

    def stage(self, stage: str, entry: Mapping[str, Any]) -> "StageRecord":
        """Begin the run of a stage whose command has just started."""
        mlflow_run_id = self._tracking.start_stage_run(self.mlflow_run_id, stage, input_key(entry))
        return StageRecord(self._tracking, mlflow_run_id, self._checkout.folder / OUTPUTS_FOLDER / stage)


class StageRecord:
    """The run of one stage from its start to its end."""

    def __init__(self, tracking: "Tracking", mlflow_run_id: str, outputs: Path) -> None:
        self._tracking, self._mlflow_run_id, self._outputs = tracking, mlflow_run_id, outputs
        self._started = time.monotonic()

    def close(
        self, status: "Status", entry: Mapping[str, Any], log_file: Path, side_folder: Path, failure: str = ""
    ) -> None:
        """End the run with what the stage left; what it said and showed is kept also when it failed."""
        from components.tracking.runs import StageResult

        metrics_file, curve = self._outputs / "metrics.json", self._outputs / "curve.parquet"
        has_ended_well = status == "FINISHED"
        result = StageResult(
            status=status,
            duration_s=time.monotonic() - self._started,
            metrics=json.loads(metrics_file.read_text()) if has_ended_well and metrics_file.exists() else {},
            output_md5s={out["path"]: str(out.get("md5")) for out in entry.get("outs", ())},
            log_file=log_file,
            side_folder=side_folder,
            curve=curve if has_ended_well else None,
            failure=failure,
        )
        self._tracking.finish_stage_run(self._mlflow_run_id, result)
