"""What counts as made again: bytes first, then figures within a tolerance where another processor computed them."""

import json
from pathlib import Path

import pytest

from components.lineage import reproduction
from components.lineage.record import Content
from components.lineage.reproduction import LEAST_TOLERANCE, chain_of, compare, tolerance
from components.tracking.processor import processor_type
from components.tracking.results import StageResult
from components.tracking.runs import Tracking
from tests.components.lineage.records import record, stage
from tests.components.registry.conftest import empty_store, root  # noqa: F401

METRICS = "outputs/instruct/metrics.json"
FIGURES = {"count": 0.7, "count.low": 0.6, "count.high": 0.8, "loss": 2.0}


def test_a_figure_may_move_by_half_its_interval_or_by_five_percent() -> None:
    assert tolerance("count", FIGURES) == pytest.approx(0.1)
    assert tolerance("loss", FIGURES) == pytest.approx(0.1)
    assert tolerance("small", {"small": 0.01}) == LEAST_TOLERANCE


def test_the_evaluation_is_made_anew_only_where_it_reads_nothing_else() -> None:
    whole = record()
    assert [entry.name for entry in chain_of(whole)] == ["ingest", "instruct", "evaluate"]
    more = (Content(path="outputs/other/out", md5="x"),)
    evaluation = whole.evaluation.model_copy(update={"stage": stage("evaluate").model_copy(update={"deps": more})})
    assert [entry.name for entry in chain_of(record(evaluation=evaluation))] == ["ingest", "instruct"]


@pytest.mark.parametrize(
    ("made_here", "anew", "outcome"),
    [
        (True, {}, "same bytes"),
        (False, {"count": 0.75, "loss": 2.05}, "within tolerance"),
        (False, {"count": 0.85}, "different"),
        (False, {"loss": None}, "different"),
        (True, {"count": 0.71}, "different"),
    ],
)
def test_other_bytes_are_let_pass_on_another_processor_alone(
    root: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made_here: bool,
    anew: dict[str, float | None],
    outcome: str,
) -> None:
    tracking = Tracking(root)
    with tracking.retrain_run("0" * 40, "tiny", "flow") as parent:
        run = tracking.start_stage_run(parent, "instruct", "key")
        tracking.finish_stage_run(run, StageResult("FINISHED", 0.1))
    if not made_here:
        monkeypatch.setattr(reproduction, "processor_type", lambda: "another type of processor")
    assert tracking.client.get_run(run).data.tags["fusar.processor"] == processor_type()
    made = stage("instruct", run).model_copy(update={"outs": (Content(path=METRICS, md5="old"),)})
    evaluation = stage("evaluate", run).model_copy(update={"deps": (Content(path="outputs/elsewhere", md5="x"),)})
    lineage = record(stages=(made,), evaluation=record().evaluation.model_copy(update={"stage": evaluation}))
    monkeypatch.setattr(reproduction, "Objects", lambda _: _Registered())
    file = tmp_path / "space" / METRICS
    file.parent.mkdir(parents=True)
    figures = {name: value for name, value in {**FIGURES, **anew}.items() if value is not None}
    file.write_text(json.dumps(figures))
    found = compare(tracking, "fusar-gpt/1", lineage, tmp_path / "space", {METRICS: "new" if anew else "old"}, 1.0)
    assert found.outcome == outcome
    assert [output.path for output in found.differing] == ([METRICS] if anew else [])
    json.loads(json.dumps(found.as_dict(), allow_nan=False))


class _Registered:
    """The figures that the remote keeps."""

    def content(self, md5: str) -> bytes:
        assert md5 == "old"
        return json.dumps(FIGURES).encode()
