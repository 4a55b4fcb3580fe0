"""Bringing together, from a finished checkout, everything that made its models."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from components.lineage import chain
from components.lineage.chips import CHIPS
from components.lineage.contents import Contents
from components.lineage.errors import IncompleteLineage
from components.lineage.record import (
    FROM_SCRATCH,
    Content,
    Evaluation,
    Lineage,
    Parent,
    Retrain,
    Scene,
    StageEntry,
    Verdict,
)
from components.lineage.scenes import scenes_of, set_aside_of
from components.lineage.warm_starts import warm_start_of
from components.records.schemas import VERDICTS
from components.records.tables import read_table
from components.tracking.keys import input_key
from components.tracking.runs import Tracking

DATA, SET_ASIDE = "data", "outputs/ingest/set_aside.parquet"
EVALUATE = "evaluate"
ITEMS, REPORT, METRICS = (f"outputs/{EVALUATE}/{name}" for name in ("items.parquet", "report.json", "metrics.json"))
_VERDICTS_FILE = "verdicts.parquet"


@dataclass(frozen=True)
class ModelKind:
    """Where a registered model comes from.

    Attributes:
        name: registered name.
        stage: the last one that makes it.
        folder: output with its weights.
        parents: registered names of the models of the same retrain that it starts from.
        starting_stage: the stage that may start from the folder of an earlier version (`warm_start`).
    """

    name: str
    stage: str
    folder: str
    parents: tuple[str, ...]
    starting_stage: str


class Assembly:
    """One finished checkout, read once for all its models."""

    def __init__(self, checkout: Path, entries: chain.Entries, retrain: Mapping[str, str], tracking: Tracking) -> None:
        """Take a checkout, its lock's entries, and commit, profile, flow_run_id and mlflow_run_id of the retrain."""
        self.checkout, self.entries, self.tracking = checkout, entries, tracking
        self.retrain = Retrain(
            commit=retrain["commit"],
            profile=retrain["profile"],
            flow_run_id=retrain["flow_run_id"],
            mlflow_run_id=retrain["mlflow_run_id"],
            params_sha256=_sha256(checkout / "params.yaml"),
            requirements_sha256=_sha256(checkout / "requirements.lock"),
        )
        self._contents = Contents(checkout)

    def chain_of(self, kind: ModelKind) -> str:
        """Digest over the lock entries of all stages upstream of a model.

        Raises:
            IncompleteLineage: the lock lacks an entry.
        """
        return chain.chain_digest(self.entries, self._upstream(kind))

    def warm_start_of(self, kind: ModelKind) -> str:
        """The md5 of the folder of an earlier version that a model's training started from; empty for none."""
        return warm_start_of(kind.starting_stage, self.entries.get(kind.starting_stage, {}).get("params", {}))

    def bring(self, kind: ModelKind) -> None:
        """Put the model's folder, the evaluation and the verdicts on disk, each checked against the lock."""
        stages = self._upstream(kind)
        wanted = [kind.folder, CHIPS, SET_ASIDE, ITEMS, REPORT, METRICS, *self._verdict_paths(stages)]
        self._contents.bring([self._out(path) for path in wanted])

    def lineage_of(self, kind: ModelKind, parents: Sequence[Parent]) -> Lineage:
        """The record of one model; parts that are not known are empty (`record.missing_parts` names them)."""
        stages = self._upstream(kind)
        earlier = (kind.name,) if self.warm_start_of(kind) else ()
        return Lineage(
            model=kind.name,
            model_folder=self._out(kind.folder),
            chain=chain.chain_digest(self.entries, stages),
            retrain=self.retrain,
            stages=tuple(self._stage(name) for name in stages),
            inputs=chain.external_inputs(self.entries, stages),
            scenes=self._scenes,
            set_aside=set_aside_of(self.checkout / SET_ASIDE),
            verdicts=tuple(_verdict(path.split("/")[1], self.checkout / path) for path in self._verdict_paths(stages)),
            evaluation=self.evaluation(),
            base_model=_base_model(self.checkout / kind.folder / "config.json"),
            parents_needed=(*kind.parents, *earlier),
            parents=tuple(parents),
            simulated=any(scene.simulated for scene in self._scenes),
        )

    @cached_property
    def _scenes(self) -> tuple[Scene, ...]:
        data = next((dep for dep in chain.external_inputs(self.entries, ("ingest",)) if dep.path == DATA), None)
        if data is None or not data.md5:
            raise IncompleteLineage("ingest", (f"md5 of {DATA}",))
        return scenes_of(self.checkout / CHIPS, self._contents.listing(data))

    def _upstream(self, kind: ModelKind) -> tuple[str, ...]:
        for stage in (kind.stage, EVALUATE):
            stages = chain.upstream(self.entries, stage)
            unmade = chain.orphans(self.entries, stages)
            if unmade:
                raise IncompleteLineage(kind.name, tuple(f"lock entry of the stage that makes {dep}" for dep in unmade))
        return chain.upstream(self.entries, kind.stage)

    def _stage(self, name: str) -> StageEntry:
        return chain.stage_entry(self.entries, name, self.tracking.find_stage_run(input_key(self.entries[name])))

    def evaluation_digest(self) -> str:
        """The md5 of the item table as the lock has it: names the evaluation."""
        return self._out(ITEMS).md5

    def evaluation(self) -> Evaluation:
        """What the checkout's evaluation found; its outputs must lie on disk (`bring`)."""
        rows = pq.ParquetFile(self.checkout / ITEMS).metadata.num_rows
        metrics = json.loads((self.checkout / METRICS).read_text(encoding="utf-8"))
        return Evaluation(stage=self._stage(EVALUATE), metrics=metrics, items=self._out(ITEMS), item_rows=rows)

    def _verdict_paths(self, stages: Sequence[str]) -> list[str]:
        outs = [out["path"] for name in stages for out in self.entries[name].get("outs", [])]
        return [path for path in outs if path.endswith(f"/{_VERDICTS_FILE}")]

    def _out(self, path: str) -> Content:
        for entry in self.entries.values():
            for out in entry.get("outs", []):
                if out["path"] == path:
                    return Content(path=path, md5=str(out.get("md5") or ""))
        raise IncompleteLineage("dvc.lock", (f"output {path}",))


def _verdict(stage: str, path: Path) -> Verdict:
    rows = read_table(path, VERDICTS).to_pylist()
    failed = [row for row in rows if not row["success"]]
    return Verdict(
        stage=stage,
        checks=len(rows),
        critical_failures=tuple(_failure(row) for row in failed if row["severity"] == "critical"),
        warnings=tuple(_failure(row) for row in failed if row["severity"] != "critical"),
    )


def _failure(row: Mapping[str, Any]) -> str:
    return f"{row['expectation']} on {row['column']}: {row['unexpected']} of {row['rows']} rows"


def _base_model(config: Path) -> str:
    """Pretrained weights that a model folder's config.json names, with their revision."""
    content = json.loads(config.read_text(encoding="utf-8"))
    base = content.get("base_model")
    return f"{base}@{content.get('base_revision') or 'unpinned'}" if base else FROM_SCRATCH


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
