import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from components.contract.errors import FusarError
from components.records import schemas
from components.records.tables import write_table
from components.reporting.report import write_report

HOSTILE = '"><svg onload=alert(1)><script>alert(2)</script>![x](http://localhost:1/x) $5_^'


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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    outputs = tmp_path / "outputs"
    pixels = {"height": 8, "width": 8, "backscatter": np.arange(64, dtype=np.uint8).tobytes(), "affine": [1.0] * 6}
    box = {"category": "ship", "length_m": 9.0, "width_m": 3.0, "x0": 1.0, "y0": 1.0, "x1": 4.0, "y1": 5.0}
    chip = filled(schemas.CHIPS, split="test", objects=[box], **pixels)
    write_table([chip], schemas.CHIPS, outputs / "ingest/chips/a.parquet")
    write_table([filled(schemas.SET_ASIDE)], schemas.SET_ASIDE, outputs / "ingest/set_aside.parquet")
    write_table([filled(schemas.ANNOTATIONS)], schemas.ANNOTATIONS, outputs / "annotate/annotations/a.parquet")
    write_table([filled(schemas.INJECTED)], schemas.INJECTED, outputs / "annotate/injected.parquet")
    write_table([filled(schemas.CORPUS, status="rewritten")], schemas.CORPUS, outputs / "pretrain/corpus.parquet")
    write_table([filled(schemas.ITEMS)], schemas.ITEMS, outputs / "evaluate/items.parquet")
    for suite in ("check_chips", "check_annotations"):
        write_table([filled(schemas.VERDICTS)], schemas.VERDICTS, outputs / suite / "verdicts.parquet")
    for stage in ("pretrain", "align", "instruct"):
        write_table([filled(schemas.CURVE)], schemas.CURVE, outputs / stage / "curve.parquet")
    names = {"key": HOSTILE, "variant": HOSTILE, "better": "low"}
    metric = {**names, "value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "places": 3, "baselines": {HOSTILE: 0.1}}
    confusions = {HOSTILE: {"labels": [HOSTILE, "b"], "counts": [[1, 0], [2, 3]]}}
    report = {"simulated": True, "metrics": [metric], "confusions": confusions}
    (outputs / "evaluate/report.json").write_text(json.dumps(report), encoding="utf-8")
    return tmp_path


def test_hostile_strings_stay_text_in_every_section(checkout: Path) -> None:
    write_report(checkout, HOSTILE, checkout / "report.html")
    html = (checkout / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<svg" not in html
    assert html.count("&lt;svg onload=alert(1)&gt;") > 15


def test_the_page_says_simulated_and_shows_the_sections(checkout: Path) -> None:
    write_report(checkout, "commit abc", checkout / "report.html")
    html = (checkout / "report.html").read_text(encoding="utf-8")
    assert "All scenes behind this report are simulated" in html
    assert html.count("data:image/png") == 4  # map, chips, curves, one confusion matrix
    assert "1 of 1 clauses were rewritten" in html
    assert "0.4 to 0.6" in html or "0.400 to 0.600" in html


def test_a_missing_output_is_named_with_the_remedy(checkout: Path) -> None:
    (checkout / "outputs/evaluate/report.json").unlink()
    with pytest.raises(FusarError, match=r"report\.json: cannot be read as JSON .* `dvc repro evaluate`"):
        write_report(checkout, "commit abc", checkout / "report.html")
