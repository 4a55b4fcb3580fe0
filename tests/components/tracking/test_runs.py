"""Runs against a real MLflow store on SQLite in a temporary folder."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.tracking.keys import input_key
from components.tracking.runs import StageResult, Tracking
from components.tracking.store import tracking_uri

ENTRY = {
    "cmd": "python -m components.ingestion ingest",
    "deps": [{"path": "data", "hash": "md5", "md5": "aa.dir", "size": 3}, {"path": "withdrawn.csv", "md5": "bb"}],
    "params": {"params.yaml": {"ingest": {"chip_size": 64}}},
    "outs": [{"path": "outputs/ingest/chips", "md5": "cc.dir"}],
}


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return Tracking(tmp_path_factory.mktemp("repo with a space"))


def test_the_input_key_ignores_outs_and_sizes_but_not_a_dep() -> None:
    same = {**ENTRY, "outs": [], "deps": [{"path": "withdrawn.csv", "md5": "bb"}, {"path": "data", "md5": "aa.dir"}]}
    other = {**ENTRY, "deps": [{"path": "data", "md5": "changed"}, {"path": "withdrawn.csv", "md5": "bb"}]}
    assert input_key(same) == input_key(ENTRY)
    assert input_key(other) != input_key(ENTRY)


def test_an_error_inside_the_retrain_leaves_no_run_open(tracking: Tracking) -> None:
    with pytest.raises(ValueError, match="boom"), tracking.retrain_run("c0ffee", "tiny", "flow-1") as failed:
        raise ValueError("boom")
    with pytest.raises(KeyboardInterrupt), tracking.retrain_run("c0ffee", "tiny", "flow-2") as killed:
        raise KeyboardInterrupt
    with tracking.retrain_run("c0ffee", "tiny", "flow-3") as finished:
        pass
    states = [tracking.client.get_run(run).info.status for run in (failed, killed, finished)]
    assert states == ["FAILED", "KILLED", "FINISHED"]


def test_a_stage_run_keeps_metrics_md5s_log_side_folder_and_curve(tracking: Tracking, tmp_path: Path) -> None:
    (tmp_path / "side").mkdir()
    (tmp_path / "side" / "index.html").write_text("<p>docs</p>")
    (tmp_path / "stage.log").write_text("done\n")
    rows = [("A", 1, "loss", 2.0), ("A", 2, "loss", 1.0), ("A", 1, "recall", float("nan")), ("A", 2, "recall", 0.5)]
    curve = pa.Table.from_pylist([dict(zip(("phase", "step", "name", "value"), row, strict=True)) for row in rows])
    pq.write_table(curve, tmp_path / "curve.parquet")
    with tracking.retrain_run("c0ffee", "tiny", "flow") as parent:
        run_id = tracking.start_stage_run(parent, "ingest", input_key(ENTRY))
        result = StageResult(
            "FINISHED",
            2.5,
            metrics={"chips": 9},
            output_md5s={"outputs/ingest/chips": "cc.dir"},
            log_file=tmp_path / "stage.log",
            side_folder=tmp_path / "side",
            curve=tmp_path / "curve.parquet",
        )
        tracking.finish_stage_run(run_id, result)
    run = tracking.client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["fusar.out.outputs/ingest/chips"] == "cc.dir"
    assert run.data.metrics == {"chips": 9.0, "duration_s": 2.5, "A/loss": 1.0, "A/recall": 0.5}
    losses = tracking.client.get_metric_history(run_id, "A/loss")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 2.0), (2, 1.0)]
    artifacts = {file.path for folder in ("side", "log") for file in tracking.client.list_artifacts(run_id, folder)}
    assert artifacts == {"side/index.html", "log/stage.log"}


def test_only_a_finished_run_answers_for_an_input_key(tracking: Tracking) -> None:
    with tracking.retrain_run("c0ffee", "tiny", "flow") as parent:
        failed = tracking.start_stage_run(parent, "annotate", "key-1")
        tracking.finish_stage_run(failed, StageResult("FAILED", 1.0, failure="no such file"))
        assert tracking.link_restored_stage(parent, "annotate", "key-1") is None
        assert "made by hand" in tracking.client.get_run(parent).data.tags["fusar.stage.annotate"]
        made = tracking.start_stage_run(parent, "annotate", "key-1")
        tracking.finish_stage_run(made, StageResult("FINISHED", 1.0))
        assert tracking.link_restored_stage(parent, "annotate", "key-1") == made
    assert tracking.client.get_run(failed).data.tags["fusar.failure"] == "no such file"


def test_runs_of_a_killed_process_are_closed_by_the_next_retrain(tracking: Tracking, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from components.tracking.runs import Tracking\n"
        "t = Tracking(Path(sys.argv[1])); parent = t.start_retrain_run('c', 'tiny', 'f')\n"
        "print(parent, t.start_stage_run(parent, 'ingest', 'k'), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    here = Tracking(tmp_path)
    own = here.start_retrain_run("c", "tiny", "f")
    states = {run: here.client.get_run(run).info.status for run in [*done.stdout.split(), own]}
    assert list(states.values()) == ["KILLED", "KILLED", "RUNNING"], done.stderr
    here.finish_retrain_run(own, "FINISHED")


def test_four_first_users_at_once_make_one_store(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from components.tracking.runs import Tracking\n"
        "print(Tracking(Path(sys.argv[1])).experiment_id, 'torch' in sys.modules)"
    )
    users = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    answers = [user.communicate() for user in users]
    assert [user.returncode for user in users] == [0, 0, 0, 0], answers
    assert {out.decode().strip() for out, _ in answers} == {"1 False"}
    assert not list(tmp_path.glob("mlruns/0")), "nothing may be derived from the working directory"


def test_the_users_own_tracking_server_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    assert tracking_uri(tmp_path) == "http://mlflow.example:5000"
