"""One MLflow run per retrain and one child run per stage, each by its explicit id."""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import psutil
from mlflow import MlflowClient
from mlflow.entities import Metric, Run, RunTag

from components.tracking.curves import curve_metrics
from components.tracking.store import experiment_id, open_store

INPUT_KEY: Final = "fusar.input_key"
KIND: Final = "fusar.kind"
STAGE: Final = "fusar.stage"
OUTPUT_PREFIX: Final = "fusar.out."
_PROCESS: Final = "fusar.process"
_PARENT: Final = "mlflow.parentRunId"
_METRICS_PER_CALL: Final = 1000
_TEXT_LIMIT: Final = 5000

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class StageResult:
    """What is kept of a finished stage run.

    Attributes:
        status: how the stage ended.
        duration_s: wall clock [s].
        metrics: of its metrics.json.
        output_md5s: path of each output to its md5 as dvc.lock has it.
        log_file: stdout and stderr of the child process.
        side_folder: Data Docs, timings, pictures (components.contract.side); logged also when the stage failed.
        curve: curve.parquet, where the stage writes one.
        failure: the reason in one sentence, empty when it went well.
    """

    status: Status
    duration_s: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    output_md5s: Mapping[str, str] = field(default_factory=dict)
    log_file: Path | None = None
    side_folder: Path | None = None
    curve: Path | None = None
    failure: str = ""


class Tracking:
    """The runs of one repository. Every call names its run: MLflow's active run is invisible in other threads."""

    def __init__(self, root: Path) -> None:
        """Open the store of the repository at `root`, making it at first use."""
        self.client: MlflowClient = open_store(root)
        self.experiment_id = experiment_id(self.client, root)

    def start_retrain_run(self, commit: str, profile: str, flow_run_id: str) -> str:
        """Id of a new parent run; parents that a killed process left open are closed first."""
        self._close_abandoned()
        tags = {
            KIND: "retrain",
            "fusar.commit": commit,
            "fusar.profile": profile,
            "fusar.flow_run_id": flow_run_id,
            _PROCESS: _this_process(),
        }
        name = f"{profile} {commit[:10]}"
        return self._create(tags, name)

    def finish_retrain_run(
        self, mlflow_run_id: str, status: Status, metrics: Mapping[str, float] | None = None, lock: Path | None = None
    ) -> None:
        """Close a parent run with its metrics and the retrain's dvc.lock."""
        self._log_metrics(mlflow_run_id, _as_metrics(metrics or {}))
        if lock is not None and lock.exists():
            self.client.log_artifact(mlflow_run_id, str(lock))
        self.client.set_terminated(mlflow_run_id, status)

    @contextmanager
    def retrain_run(self, commit: str, profile: str, flow_run_id: str) -> Iterator[str]:
        """A parent run that is closed whatever happens: FINISHED, FAILED on an error, KILLED on an interrupt."""
        mlflow_run_id = self.start_retrain_run(commit, profile, flow_run_id)
        try:
            yield mlflow_run_id
        except Exception:
            self.finish_retrain_run(mlflow_run_id, "FAILED")
            raise
        except BaseException:
            self.finish_retrain_run(mlflow_run_id, "KILLED")
            raise
        self.finish_retrain_run(mlflow_run_id, "FINISHED")

    def start_stage_run(self, parent: str, stage: str, stage_input_key: str) -> str:
        """Id of a new child run of `parent`, which carries the stage's input key from its start."""
        tags = {KIND: "stage", STAGE: stage, INPUT_KEY: stage_input_key, _PARENT: parent, _PROCESS: _this_process()}
        mlflow_run_id = self._create(tags, stage)
        self._link(parent, stage, mlflow_run_id, "ran")
        return mlflow_run_id

    def finish_stage_run(self, mlflow_run_id: str, result: StageResult) -> None:
        """Log what the stage left and close its run with the result's status, also when logging itself fails."""
        try:
            self._log_metrics(mlflow_run_id, _as_metrics({**result.metrics, "duration_s": result.duration_s}))
            for path, md5 in sorted(result.output_md5s.items()):
                self.client.set_tag(mlflow_run_id, OUTPUT_PREFIX + path, md5)
            if result.failure:
                self.client.set_tag(mlflow_run_id, "fusar.failure", result.failure[:_TEXT_LIMIT])
            if result.log_file is not None and result.log_file.exists():
                self.client.log_artifact(mlflow_run_id, str(result.log_file), "log")
            if result.side_folder is not None and result.side_folder.exists():
                self.client.log_artifacts(mlflow_run_id, str(result.side_folder), "side")
            if result.curve is not None and result.curve.exists():
                self._log_metrics(mlflow_run_id, curve_metrics(result.curve, "curve"))
        finally:
            self.client.set_terminated(mlflow_run_id, result.status)

    def find_stage_run(self, stage_input_key: str) -> str | None:
        """Id of the newest finished run with this input key; None when no run made that output."""
        found = self.client.search_runs(
            [self.experiment_id],
            f"tags.`{INPUT_KEY}` = '{stage_input_key}' and attributes.status = 'FINISHED'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
        return str(found[0].info.run_id) if found else None

    def link_restored_stage(self, parent: str, stage: str, stage_input_key: str) -> str | None:
        """Link `parent` to the run that once made a restored stage; None (and a tag that says so) if none is known."""
        mlflow_run_id = self.find_stage_run(stage_input_key)
        self._link(parent, stage, mlflow_run_id or "no run: made by hand", "restored")
        return mlflow_run_id

    def _link(self, parent: str, stage: str, mlflow_run_id: str, how: str) -> None:
        self.client.set_tag(parent, f"fusar.stage.{stage}", f"{how} {mlflow_run_id}")

    def _create(self, tags: Mapping[str, str], name: str) -> str:
        return str(self.client.create_run(self.experiment_id, tags=dict(tags), run_name=name).info.run_id)

    def _log_metrics(self, mlflow_run_id: str, metrics: Iterator[Metric]) -> None:
        while batch := list(islice(metrics, _METRICS_PER_CALL)):
            self.client.log_batch(mlflow_run_id, metrics=batch)

    def _close_abandoned(self) -> None:
        """Close as KILLED each open run whose process on this machine is gone (kill -9 leaves no time to do it)."""
        for run in self.client.search_runs([self.experiment_id], "attributes.status = 'RUNNING'"):
            if _is_abandoned(run):
                self.client.log_batch(run.info.run_id, tags=[RunTag("fusar.failure", "its process was killed")])
                self.client.set_terminated(run.info.run_id, "KILLED")


def _as_metrics(metrics: Mapping[str, float]) -> Iterator[Metric]:
    now_ms = int(time.time() * 1000)
    return (Metric(name, float(value), now_ms, 0) for name, value in sorted(metrics.items()))


def _this_process() -> str:
    # The start time tells a process from a later one with the same number.
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def _is_abandoned(run: Run) -> bool:
    host, _, process = run.data.tags.get(_PROCESS, "").partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, started = process.partition(" ")
    try:
        return bool(f"{psutil.Process(int(pid)).create_time():.2f}" != started)
    except psutil.NoSuchProcess:
        return True
