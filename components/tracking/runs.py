"""One MLflow run per retrain and one child run per stage, each by its explicit id."""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

import psutil
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param, Run, RunTag

from components.tracking.curves import curve_metrics
from components.tracking.processor import PROCESSOR, processor_type
from components.tracking.results import NOTHING_LEFT, NOTHING_YET, Opening, RetrainResult, StageResult, Status
from components.tracking.store import experiment_id, open_store

INPUT_KEY: Final = "fusar.input_key"
KIND: Final = "fusar.kind"
STAGE: Final = "fusar.stage"
OUTPUT_PREFIX: Final = "fusar.out."
_LINK: Final = "fusar.stage."
_UNKNOWN: Final = "no run: made by hand"
_PROCESS: Final = "fusar.process"
_PARENT: Final = "mlflow.parentRunId"
# MLflow's page shows these by names of its own: the description, and the lines "Source" and "Git commit".
_NOTE: Final = "mlflow.note.content"
_SOURCE: Final = {"mlflow.source.name": "fusar retrain", "mlflow.source.type": "LOCAL"}
_COMMIT: Final = "mlflow.source.git.commit"
# What MLflow takes in one call is 1000 entities, at most 100 of them parameters and 100 tags.
_METRICS_PER_CALL: Final = 800
_PER_CALL: Final = 100
_TEXT_LIMIT: Final = 5000
_NOTE_LIMIT: Final = 8000
_PARAM_LIMIT: Final = 6000


class Tracking:
    """The runs of one repository. Every call names its run: MLflow's active run is invisible in other threads."""

    def __init__(self, root: Path) -> None:
        """Open the store of the repository at `root`, making it at first use."""
        self.client: MlflowClient = open_store(root)
        self.experiment_id = experiment_id(self.client, root)

    def start_retrain_run(self, commit: str, profile: str, flow_run_id: str, opening: Opening = NOTHING_YET) -> str:
        """Id of a new parent run; parents that a killed process left open are closed first."""
        self._close_abandoned()
        tags = {
            KIND: "retrain",
            "fusar.profile": profile,
            "fusar.commit": commit,
            "fusar.flow_run_id": flow_run_id,
            _COMMIT: commit,
        }
        return self._create(tags, f"{profile} {commit[:10]}", opening)

    def finish_retrain_run(self, mlflow_run_id: str, status: Status, result: RetrainResult = NOTHING_LEFT) -> None:
        """Log what came of a retrain and close its run, also when logging itself fails."""
        try:
            note = {_NOTE: result.note[:_NOTE_LIMIT]} if result.note else {}
            self._log(mlflow_run_id, metrics=_as_metrics(result.metrics), tags={**result.tags, **note})
            if result.inputs:
                self.client.log_inputs(mlflow_run_id, [_dataset(*item) for item in sorted(result.inputs.items())])
            for file, folder in result.files:
                if file.exists():
                    self.client.log_artifact(mlflow_run_id, str(file), folder)
        finally:
            self._close(mlflow_run_id, status)

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

    def start_stage_run(self, parent: str, stage: str, stage_input_key: str, opening: Opening = NOTHING_YET) -> str:
        """Id of a new child run of `parent`, which carries the stage's input key from its start."""
        tags = {KIND: "stage", STAGE: stage, INPUT_KEY: stage_input_key, _PARENT: parent, PROCESSOR: processor_type()}
        mlflow_run_id = self._create(tags, stage, opening)
        self._link(parent, stage, mlflow_run_id, "ran")
        return mlflow_run_id

    def finish_stage_run(self, mlflow_run_id: str, result: StageResult) -> None:
        """Log what the stage left and close its run with the result's status, also when logging itself fails."""
        try:
            tags = {OUTPUT_PREFIX + path: md5 for path, md5 in sorted(result.output_md5s.items())}
            if result.failure:
                tags["fusar.failure"] = result.failure[:_TEXT_LIMIT]
            metrics = _as_metrics({**result.metrics, "duration_s": result.duration_s})
            self._log(mlflow_run_id, metrics=metrics, tags=tags)
            if result.log_file is not None and result.log_file.exists():
                self.client.log_artifact(mlflow_run_id, str(result.log_file), "log")
            if result.side_folder is not None and result.side_folder.exists():
                self.client.log_artifacts(mlflow_run_id, str(result.side_folder), "side")
            if result.curve is not None and result.curve.exists():
                self._log(mlflow_run_id, metrics=curve_metrics(result.curve))
        finally:
            self._close(mlflow_run_id, result.status)

    def find_stage_run(self, stage_input_key: str) -> str | None:
        """Id of the newest finished run with this input key; None when no run made that output."""
        found = self.client.search_runs(
            [self.experiment_id],
            f"tags.`{INPUT_KEY}` = '{stage_input_key}' and attributes.status = 'FINISHED'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
        return str(found[0].info.run_id) if found else None

    def recorded_outputs(self, stage_input_key: str) -> tuple[dict[str, str], ...]:
        """What each finished run with this input key says that it made: md5 by path."""
        found = self.client.search_runs(
            [self.experiment_id], f"tags.`{INPUT_KEY}` = '{stage_input_key}' and attributes.status = 'FINISHED'"
        )
        recorded = (
            {
                name.removeprefix(OUTPUT_PREFIX): md5
                for name, md5 in run.data.tags.items()
                if name.startswith(OUTPUT_PREFIX)
            }
            for run in found
        )
        return tuple(outputs for outputs in recorded if outputs)

    def link_restored_stage(self, parent: str, stage: str, stage_input_key: str) -> str | None:
        """Link `parent` to the run that once made a restored stage; None (and a tag that says so) if none is known."""
        mlflow_run_id = self.find_stage_run(stage_input_key)
        self._link(parent, stage, mlflow_run_id or _UNKNOWN, "restored")
        return mlflow_run_id

    def linked_stages(self, parent: str) -> dict[str, str]:
        """Of each stage that ran in a retrain or was restored, the id of the run that made its outputs."""
        tags = self.client.get_run(parent).data.tags
        links = {name.removeprefix(_LINK): value for name, value in tags.items() if name.startswith(_LINK)}
        return {stage: value.partition(" ")[2] for stage, value in links.items() if _UNKNOWN not in value}

    def _link(self, parent: str, stage: str, mlflow_run_id: str, how: str) -> None:
        self.client.set_tag(parent, _LINK + stage, f"{how} {mlflow_run_id}")

    def _create(self, tags: Mapping[str, str], name: str, opening: Opening) -> str:
        note = {_NOTE: opening.note[:_NOTE_LIMIT]} if opening.note else {}
        run = self.client.create_run(
            self.experiment_id, tags={**tags, **_SOURCE, **note, _PROCESS: _this_process()}, run_name=name
        )
        self._log(run.info.run_id, params=opening.params)
        return str(run.info.run_id)

    def _log(
        self,
        mlflow_run_id: str,
        metrics: Iterable[Metric] = (),
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """In as few calls as MLflow allows: each costs tens of milliseconds on SQLite."""
        values = [Param(name, str(value)[:_PARAM_LIMIT]) for name, value in (params or {}).items()]
        labels = [RunTag(name, value) for name, value in (tags or {}).items()]
        batches = (_chunks(metrics, _METRICS_PER_CALL), _chunks(values, _PER_CALL), _chunks(labels, _PER_CALL))
        for batch in zip_longest(*batches, fillvalue=()):
            self.client.log_batch(mlflow_run_id, *batch)

    def _close(self, mlflow_run_id: str, status: Status) -> None:
        # Which process it belongs to counts only while it is open; on the page it would be noise.
        self.client.delete_tag(mlflow_run_id, _PROCESS)
        self.client.set_terminated(mlflow_run_id, status)

    def _close_abandoned(self) -> None:
        """Close as KILLED each open run whose process on this machine is gone (kill -9 leaves no time to do it)."""
        for run in self.client.search_runs([self.experiment_id], "attributes.status = 'RUNNING'"):
            if is_abandoned(run):
                self.client.log_batch(run.info.run_id, tags=[RunTag("fusar.failure", "its process was killed")])
                self._close(run.info.run_id, "KILLED")


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _dataset(path: str, md5: str) -> DatasetInput:
    # A digest of MLflow has 36 letters at most: DVC's md5 of a folder (`....dir`) has just as many.
    return DatasetInput(Dataset(name=path, digest=md5, source_type="dvc", source=f'{{"uri": "dvc://{path}"}}'))


def _as_metrics(metrics: Mapping[str, float]) -> Iterator[Metric]:
    now_ms = int(time.time() * 1000)
    return (Metric(name, float(value), now_ms, 0) for name, value in sorted(metrics.items()))


def _this_process() -> str:
    # The start time tells a process from a later one with the same number.
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def is_abandoned(run: Run) -> bool:
    """Whether the process of an open run is known to be gone; of another machine's nothing is known here."""
    host, _, process = run.data.tags.get(_PROCESS, "").partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, started = process.partition(" ")
    try:
        return bool(f"{psutil.Process(int(pid)).create_time():.2f}" != started)
    except psutil.NoSuchProcess:
        return True
