"""A finished checkout by hand, small and hostile: every text that a stage could hand on tries to leave its place."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from components.records import schemas
from components.records.tables import write_table
from components.reporting.report import write_report
from components.revisions.lock import lock_digest, read_lock, write_lock

HOSTILE = (
    '<img src=x onerror=alert(1)></style><script>alert(2)</script>"><svg onload=alert(3)>'
    "![x](http://localhost:1/x) $x$ $5_^ {{ 7777 * 7 }} \u202egnp.exe\u2066 end"
)
LONG = "reason " + "r" * 10**5 + " end of the reason"


def filled(schema: pa.Schema, **given: Any) -> dict[str, Any]:
    """A row in which every text is hostile and every number is 1, but for what is given."""
    return {**{field.name: _value(field.type) for field in schema}, **given}


def _value(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return HOSTILE
    if pa.types.is_list(kind):
        return [HOSTILE] if pa.types.is_string(kind.value_type) else []
    if pa.types.is_timestamp(kind):
        return datetime(2024, 5, 1, tzinfo=UTC)
    if pa.types.is_binary(kind):
        return b""
    return True if pa.types.is_boolean(kind) else 1


def _write_tables(outputs: Path) -> None:
    pixels = {"height": 8, "width": 8, "backscatter": np.arange(64, dtype=np.uint8).tobytes(), "affine": [1.0] * 6}
    box = {"category": "ship", "length_m": 9.0, "width_m": 3.0, "x0": 1.0, "y0": 1.0, "x1": 4.0, "y1": 5.0}
    chip = filled(schemas.CHIPS, split="test", objects=[box], **pixels)
    asked = {"model": "fusar-gpt", "variant": "correct"}
    boxes = '[{"bbox_2d": [1, 1, 5, 6], "label": "ship"}]'
    items = [
        filled(schemas.ITEMS, **asked),
        filled(schemas.ITEMS, **asked, task="describe", score=0.0),
        filled(schemas.ITEMS, **asked, task="detect", truth=boxes, answer=boxes),
    ]
    write_table([chip], schemas.CHIPS, outputs / "ingest/chips/a.parquet")
    write_table([filled(schemas.SET_ASIDE, reason=LONG)], schemas.SET_ASIDE, outputs / "ingest/set_aside.parquet")
    write_table([filled(schemas.ANNOTATIONS)], schemas.ANNOTATIONS, outputs / "annotate/annotations/a.parquet")
    write_table([filled(schemas.INJECTED)], schemas.INJECTED, outputs / "annotate/injected/all.parquet")
    corpus = filled(schemas.CORPUS, status="rewritten", original_code="wrong")
    write_table([corpus], schemas.CORPUS, outputs / "pretrain/corpus.parquet")
    write_table(items, schemas.ITEMS, outputs / "evaluate/items.parquet")
    for suite in ("check_chips", "check_annotations"):
        row = filled(schemas.VERDICTS, success=suite == "check_chips", severity="warning")
        write_table([row], schemas.VERDICTS, outputs / suite / "verdicts.parquet")
    for stage in ("pretrain", "align", "instruct"):
        write_table([filled(schemas.CURVE)], schemas.CURVE, outputs / stage / "curve.parquet")


def _report() -> dict[str, Any]:
    sized = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "places": 3}
    baselines = {HOSTILE: 0.1, "chance": 0.1, "shuffled": 0.2, "absent": 0.3}
    differences = {f"difference_to_{name}": {**sized, "value": 0.1} for name in ("shuffled", "absent")}
    metric = {**sized, **differences, "variant": HOSTILE, "better": "high", "baselines": baselines}
    return {
        "simulated": True,
        "metrics": [{**metric, "key": "fusar-gpt.count"}, {**metric, "key": HOSTILE, "better": "low"}],
        "confusions": {HOSTILE: {"labels": [HOSTILE, "b"], "counts": [[1, 0], [2, 3]]}},
        "slices": {HOSTILE: {"platform": {HOSTILE: sized}}},
    }


def _registered(digest: str) -> dict[str, Any]:
    gates = [{"gate": HOSTILE, "outcome": {"passed": False, "reason": HOSTILE}}]
    verdict = {"model": "fusar-gpt", "version": "2", "passed": False, "state": "challenger", "champion": "1"}
    version = {"model": "fusar-gpt", "version": "2"}
    return {"lock": digest, "versions": [version], "verdicts": [{**verdict, "gates": gates}], "mlflow_run_id": HOSTILE}


def _lock() -> dict[str, Any]:
    data = {"path": "data", "md5": "e77e9bfd42269cd2.dir", "size": 123, "nfiles": 2}
    chips = {"path": "outputs/ingest/chips", "md5": "64fc3254b7eafcc4.dir", "size": 45}
    gpt = {"path": "outputs/instruct/gpt", "md5": "3248baa1cea47867.dir", "size": 67}
    report = {"path": "outputs/evaluate/report.json", "md5": "79d965cd1a9dd6b1", "size": 89}
    return {
        "ingest": {"cmd": HOSTILE, "deps": [data], "outs": [chips]},
        "instruct": {"cmd": HOSTILE, "deps": [chips], "outs": [gpt]},
        "evaluate": {"cmd": HOSTILE, "deps": [chips, gpt], "outs": [report]},
    }


def _build(folder: Path) -> Path:
    outputs = folder / "outputs"
    _write_tables(outputs)
    (outputs / "evaluate/report.json").write_text(json.dumps(_report()), encoding="utf-8")
    write_lock(folder / "dvc.lock", _lock())
    (folder / "params.yaml").write_text(json.dumps({"ingest": {HOSTILE: HOSTILE}}), encoding="utf-8")
    (folder / "requirements.lock").write_text("# comment ==\nnumpy==2.4.0 \\\n", encoding="utf-8")
    digest = lock_digest(read_lock(folder / "dvc.lock"))
    (folder / "report.json").write_text(json.dumps(_registered(digest)), encoding="utf-8")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return _build(tmp_path)


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report page of that checkout."""
    folder = _build(tmp_path_factory.mktemp("hostile"))
    write_report(folder, f"fusar-gpt/2: commit {HOSTILE}", folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE
