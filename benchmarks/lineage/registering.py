"""What it costs to bring a registered version of many scenes into the index: the first, and one a little different."""

import contextlib
import hashlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from mlflow import MlflowClient

from benchmarks.lineage.generated import Step, digests, scene_table
from benchmarks.lineage.indexed import MODEL
from components.lineage.index.index import FILE, Index
from components.lineage.record import FROM_SCRATCH, LINEAGE_FILE, Content, Evaluation, Lineage, Retrain, StageEntry
from components.lineage.scene_table import SCENES_FILE
from components.lineage.versions import CHAIN_TAG, open_registry
from components.records.schemas import SCENES
from components.records.tables import write_table

_TABLES = ("contents", "spans", "files", "snapshots", "versions")


@dataclass(frozen=True)
class Registering:
    """What `Index.refresh` took on a real MLflow store.

    Attributes:
        first_s: for the first version, all of whose scenes are new [s].
        next_s: for the one after it [s].
        first_rows: that the first one wrote.
        next_rows: that the second one wrote.
    """

    first_s: float
    next_s: float
    first_rows: int
    next_rows: int


def measure(folder: Path, first: Step, following: Step) -> Registering:
    """Register two versions in a new MLflow store in a folder and refresh an index after each."""
    client = open_registry(folder)
    experiment = client.create_experiment("versions", artifact_location=str(folder / "artifacts"))
    client.create_registered_model(MODEL)
    index = Index(folder / FILE)
    with contextlib.closing(index):
        table = scene_table(*first.added)
        _register(client, experiment, folder / "first", table)
        first_s = _refresh(index, client)
        first_rows = _rows(folder / FILE)
        _register(client, experiment, folder / "next", _after(table, following))
        next_s = _refresh(index, client)
    return Registering(first_s, next_s, first_rows, _rows(folder / FILE) - first_rows)


def _refresh(index: Index, client: MlflowClient) -> float:
    started = time.perf_counter()
    assert index.refresh(client) == 1
    assert not index.unread()
    return time.perf_counter() - started


def _rows(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES)


def _after(table: pa.Table, step: Step) -> pa.Table:
    gone = pa.array(digests(*step.removed), pa.binary(16))
    kept = table.filter(pc.invert(pc.is_in(table["content"], gone)))
    return pa.concat_tables([kept, scene_table(*step.added)]).sort_by("scene_id")


def _register(client: MlflowClient, experiment: str, folder: Path, scenes: pa.Table) -> None:
    write_table(scenes, SCENES, folder / SCENES_FILE)
    sha256 = hashlib.sha256((folder / SCENES_FILE).read_bytes()).hexdigest()
    (folder / LINEAGE_FILE).write_text(_record(sha256).model_dump_json(), encoding="utf-8")
    logged = client.create_logged_model(experiment, name=MODEL)
    client.log_model_artifacts(logged.model_id, str(folder))
    source = f"models:/{logged.model_id}"
    client.create_model_version(MODEL, source=source, tags={CHAIN_TAG: folder.name}, model_id=logged.model_id)


def _record(scenes_sha256: str) -> Lineage:
    stage = StageEntry(name="ingest", command="", params={}, deps=(), outs=(), input_key="", mlflow_run_id="")
    items = Content(path="items", md5="")
    return Lineage(
        schema_version=2,
        model=MODEL,
        model_folder=Content(path="model", md5=""),
        chain="",
        retrain=Retrain(
            commit="", profile="", flow_run_id="", mlflow_run_id="", params_sha256="", requirements_sha256=""
        ),
        stages=(stage,),
        inputs=(),
        scenes=(),
        set_aside=(),
        verdicts=(),
        evaluation=Evaluation(stage=stage, metrics={}, items=items, item_rows=0),
        base_model=FROM_SCRATCH,
        parents_needed=(),
        parents=(),
        simulated=True,
        scenes_sha256=scenes_sha256,
    )
