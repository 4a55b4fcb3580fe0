"""The MLflow runs of one retrain."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from components.contract.stage import OUTPUTS_FOLDER
from components.revisions.checkout import Checkout
from components.revisions.errors import Poisoned
from components.revisions.home import Home
from components.tracking.consumption import Meter
from components.tracking.keys import input_key
from components.tracking.markdown import escaped, link
from components.tracking.results import NOTHING_LEFT, Opening, RetrainResult, StageResult, Status
from flows.addresses import addresses, flow_run_address

if TYPE_CHECKING:
    from components.lineage.events.describing import State
    from components.lineage.events.telling import StageRun
    from components.tracking.runs import Tracking

_STATES: Final[dict[Status, "State"]] = {"FINISHED": "COMPLETE", "FAILED": "FAIL", "KILLED": "ABORT"}


class Recorder:
    """Makes each run when it is first needed: a retrain without work makes none, and MLflow is not even imported."""

    def __init__(self, home: Home, checkout: Checkout, flow_run_id: str) -> None:
        self._home, self._checkout, self.flow_run_id = home, checkout, flow_run_id

    @cached_property
    def _tracking(self) -> "Tracking":
        from components.tracking.runs import Tracking

        return Tracking(self._home.root)

    @cached_property
    def mlflow_run_id(self) -> str:
        """Id of the retrain's own run, the parent of its stages' runs."""
        checkout = self._checkout
        params = yaml.safe_load((checkout.folder / "params.yaml").read_text(encoding="utf-8"))
        opening = Opening(f"Running. {self._origin}.", _flat(params))
        return self._tracking.start_retrain_run(checkout.commit, checkout.profile, self.flow_run_id, opening)

    @property
    def experiment_id(self) -> str:
        """Id of the experiment that holds all runs."""
        return self._tracking.experiment_id

    @property
    def has_run(self) -> bool:
        """Whether the retrain has needed its own run."""
        return "mlflow_run_id" in vars(self)

    def close(self, status: Status, result: RetrainResult = NOTHING_LEFT) -> None:
        """End the retrain's run, if there is one, and keep its lock in it."""
        if self.has_run:
            result = replace(result, files=((self._checkout.lock, ""), *result.files))
            self._tracking.finish_retrain_run(self.mlflow_run_id, status, result)
            if status != "FINISHED":
                self._end_lost_stages()

    def _end_lost_stages(self) -> None:
        """Close what a stage left open whose worker was lost: nobody else knows of it."""
        from components.tracking.abandoned import end_abandoned

        end_abandoned(self._tracking, lambda flow_run_id: False)

    def restored(self, stage: str, entry: Mapping[str, Any]) -> None:
        """Link the run that once made a restored stage.

        Raises:
            Poisoned: runs with its inputs are known, and none of them made these outputs.
        """
        outputs = {out["path"]: str(out.get("md5")) for out in entry.get("outs", ())}
        recorded = self._tracking.recorded_outputs(input_key(entry))
        # A run-cache entry has no author: whoever can write to the remote can put any output under any inputs.
        if recorded and outputs not in recorded:
            differing = sorted(path for path, md5 in outputs.items() if recorded[0].get(path) != md5)
            raise Poisoned(stage, ", ".join(differing) or stage, "no run in MLflow made it from these inputs")
        self._tracking.link_restored_stage(self.mlflow_run_id, stage, input_key(entry))
        told = self._told(f"restored {stage} of {self.mlflow_run_id}", stage, entry, restored=True)
        _tell(self._home, told, "COMPLETE")

    def stage(self, stage: str, entry: Mapping[str, Any], holds_gpus: bool = False) -> "StageRecord":
        """Begin the run of a stage whose command has just started; beside it, MLflow is imported for the first one."""
        began, meter = time.time(), Meter(holds_gpus)
        values = [value.get(stage, {}) for value in entry.get("params", {}).values()]
        params = {name: value for found in values for name, value in _flat(found).items()}
        opening = Opening(f"Stage {escaped(stage)} of a retrain. {self._origin}.", params)
        mlflow_run_id = self._tracking.start_stage_run(self.mlflow_run_id, stage, input_key(entry), opening)
        told = self._told(mlflow_run_id, stage, entry)
        _tell(self._home, told, "START")
        tell = partial(_tell, self._home, told)
        outputs = self._checkout.folder / OUTPUTS_FOLDER / stage
        return StageRecord(self._tracking, mlflow_run_id, outputs, (began, meter), tell)

    def _told(self, name: str, stage: str, entry: Mapping[str, Any], restored: bool = False) -> "StageRun":
        """A run of a stage as an OpenLineage listener hears of it."""
        from components.lineage.events.telling import StageRun  # beside a stage that runs

        checkout = self._checkout
        return StageRun(name, stage, checkout.profile, checkout.commit, self.flow_run_id, entry, restored)

    def stage_runs(self, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Of each stage, the run that made its outputs: now or, for what was restored or unchanged, once.

        Args:
            entries: lock entries of the stages that are up to date.
        """
        known = self._tracking.linked_stages(self.mlflow_run_id)
        asked = {name: self._tracking.find_stage_run(input_key(entries[name])) for name in entries.keys() - known}
        return known | {name: mlflow_run_id for name, mlflow_run_id in asked.items() if mlflow_run_id}

    @staticmethod
    def inputs(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Of each input that is neither code nor made by a stage (data, withdrawals), its md5 by the lock."""
        deps = [dep for entry in entries.values() for dep in entry.get("deps", ()) if dep.get("md5")]
        is_ours = (f"{OUTPUTS_FOLDER}/", "components/", "requirements")
        return {dep["path"]: str(dep["md5"]) for dep in deps if not dep["path"].startswith(is_ours)}

    @property
    def _origin(self) -> str:
        """Commit, profile and the flow run in Prefect, as Markdown."""
        checkout, at = self._checkout, addresses(self._home)
        flow_run = link("Flow run in Prefect", flow_run_address(at.prefect, self.flow_run_id))
        hint = "" if at.has_prefect else " (after `make up`)"
        return f"Commit {checkout.commit[:12]}, profile {escaped(checkout.profile)}. {flow_run}{hint}"


class StageRecord:
    """The run of one stage from its start [s since 1970, with the counters of that moment] to its end."""

    def __init__(
        self,
        tracking: "Tracking",
        mlflow_run_id: str,
        outputs: Path,
        start: tuple[float, Meter],
        tell: Callable[..., None],
    ) -> None:
        self._tracking, self._mlflow_run_id, self._outputs = tracking, mlflow_run_id, outputs
        (self._began, self._meter), self._tell = start, tell

    def close(
        self, status: Status, entry: Mapping[str, Any], log_file: Path, side_folder: Path, failure: str = ""
    ) -> None:
        """End the run with what the stage left; what it said and showed is kept also when it failed."""
        metrics_file, curve = self._outputs / "metrics.json", self._outputs / "curve.parquet"
        has_ended_well = status == "FINISHED"
        result = StageResult(
            status=status,
            duration_s=time.time() - self._began,
            metrics=self._meter.read()
            | (self._metrics(metrics_file) if has_ended_well and metrics_file.exists() else {}),
            output_md5s={out["path"]: str(out.get("md5")) for out in entry.get("outs", ())},
            log_file=log_file,
            side_folder=side_folder,
            curve=curve if has_ended_well else None,
            failure=failure,
        )
        self._tracking.finish_stage_run(self._mlflow_run_id, result)
        self._tell(_STATES[status], entry, failure)

    def _metrics(self, file: Path) -> dict[str, float]:
        """What the stage measured, and how long its command took [s]: its metrics are the last thing that it writes."""
        # Where the cache has held the same bytes before, DVC links those: their time says nothing.
        command_s = file.stat().st_mtime - self._began
        return {**json.loads(file.read_text()), **({"command_s": command_s} if command_s > 0 else {})}


def _tell(
    home: Home, told: "StageRun", state: "State", entry: Mapping[str, Any] | None = None, failure: str = ""
) -> None:
    from components.lineage.events.telling import tell_stage

    tell_stage(home, replace(told, entry=entry) if entry else told, state, failure)


def _flat(values: object, prefix: str = "") -> dict[str, Any]:
    """Nested parameters as `pretrain.vision.depth: 4`."""
    if not isinstance(values, Mapping):
        return {prefix: values}
    return {name: leaf for key, value in values.items() for name, leaf in _flat(value, _join(prefix, key)).items()}


def _join(prefix: str, key: object) -> str:
    return f"{prefix}.{key}" if prefix else str(key)
