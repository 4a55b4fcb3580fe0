"""A batch against a real registered model in processes of its own: files, resumption, neighbours, lineage, Dask."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from components.inference.batch.run import Request, predict_all
from components.inference.errors import NoAnswers
from components.lineage.predictions import read_predictions
from components.lineage.versions import open_registry
from components.records.schemas import PREDICTED_BOXES, PREDICTIONS
from components.records.tables import read_table
from components.revisions.home import Home
from components.tracking.store import mlflow_environment
from tests.components.inference.test_registered import REGISTER
from tests.components.inference.test_scene import write_scene
from tests.small_house import run

# One ship a chip, always at the same place; `trace` says which process answered, and how many rows.
MODEL = """
import os
from pathlib import Path
import mlflow
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        with open(os.environ["BATCH_TRACE"], "a") as trace:
            trace.write(f"{os.getpid()} {len(model_input)}\\n")
        if os.environ.get("BATCH_HANG") and Path(os.environ["BATCH_TRACE"]).read_text().count("\\n") > 4:
            import time
            time.sleep(60)
        known = {"What is this chip of?": "ships"}
        box = '[{"bbox_2d": [8, 16, 24, 40], "label": "ship"}]'
        return [box if "boxes" in q.lower() or "detect" in q.lower() or "box" in q.lower() else "ships"
                for q in model_input["question"]]
mlflow.models.set_model(Model())
"""
REQUESTS = 2  # for each scene: one a row of chips


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("batch")
    run(root, "git", "init", "--quiet")
    (root / "components").mkdir()
    (root / "components/__init__.py").write_text("")
    (root / "model.py").write_text(MODEL)
    (root / "params.yaml").write_text("ingest: {chip_size: 64}\n")
    open_registry(root)
    environment = {**os.environ, **mlflow_environment(root), "BATCH_TRACE": str(root / "trace")}
    subprocess.run([sys.executable, "-c", REGISTER], cwd=root, env=environment, check=True)
    return root


@pytest.fixture
def home(registry: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    monkeypatch.setenv("BATCH_TRACE", str(tmp_path / "trace"))
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    return Home(registry)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    for name in ("yasur", "ambrym", "lopevi"):
        write_scene(folder / f"{name}.tif", np.full((128, 192), -12.0))
    return folder


def request(scenes: Path, out: Path) -> Request:
    return Request((scenes,), "fusar-gpt/1", "VV", "decibel", out)


def answered(tmp_path: Path) -> list[str]:
    trace = tmp_path / "trace"
    return trace.read_text().splitlines() if trace.exists() else []


def test_each_scene_is_two_tables_and_a_layer_and_a_bad_one_costs_its_neighbours_nothing(
    home: Home, scenes: Path, tmp_path: Path
) -> None:
    (scenes / "broken.tif").write_bytes((scenes / "yasur.tif").read_bytes()[:200])
    out = tmp_path / "out"
    before = len(read_predictions(open_registry(home.root)))
    summary = predict_all(home, request(scenes, out))
    assert (summary["scenes"], summary["chips"], summary["boxes"]) == (3, 18, 18)
    assert [Path(each["file"]).name for each in summary["set_aside"]] == ["broken.tif"]
    assert json.loads((out / "predictions.json").read_text()) == summary
    chips, boxes = read_table(out / "chips", PREDICTIONS), read_table(out / "boxes", PREDICTED_BOXES)
    assert (len(chips), len(boxes), set(chips["class"].to_pylist())) == (18, 18, {"ships"})
    outlines = dict(zip(chips["chip_id"].to_pylist(), shapely.from_wkb(chips["footprint"].to_pylist()), strict=True))
    for row in boxes.to_pylist():
        assert outlines[row["chip_id"]].buffer(1e-9).covers(shapely.from_wkb(row["footprint"]))
    assert b"footprint" in pq.read_schema(out / "chips/yasur.parquet").metadata[b"geo"]
    assert len(json.loads((out / "yasur.geojson").read_text())["features"]) == 12
    (told,) = read_predictions(open_registry(home.root))[before:]
    assert (told.model, told.version) == ("fusar-gpt", "1")
    assert [scene.scene_id for scene in told.scenes] == ["ambrym", "lopevi", "yasur"]
    assert {output.path for output in told.outputs} >= {"chips/yasur.parquet", "boxes/yasur.parquet", "yasur.geojson"}


def test_a_second_run_asks_only_about_what_changed(home: Home, scenes: Path, tmp_path: Path) -> None:
    predict_all(home, request(scenes, tmp_path / "out"))
    first = len(answered(tmp_path))
    told = len(read_predictions(open_registry(home.root)))
    predict_all(home, request(scenes, tmp_path / "out"))
    assert len(answered(tmp_path)) == first, "no model was even started"
    assert len(read_predictions(open_registry(home.root))) == told
    write_scene(scenes / "yasur.tif", np.full((128, 192), -9.0))
    (tmp_path / "out/boxes/lopevi.parquet").unlink()
    predict_all(home, request(scenes, tmp_path / "out"))
    assert len(answered(tmp_path)) == first + 2 * REQUESTS, "other bytes, and a file that was lost"
    assert [scene.scene_id for scene in read_predictions(open_registry(home.root))[told].scenes] == ["lopevi", "yasur"]


def test_when_every_scene_is_bad_the_reasons_are_the_error(home: Home, tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/one.tif").write_bytes(b"no tiff")
    with pytest.raises(NoAnswers, match=r"one\.tif"):
        predict_all(home, request(tmp_path / "scenes", tmp_path / "out"))


@pytest.mark.slow
def test_a_killed_batch_goes_on_and_every_scene_is_told_once(home: Home, scenes: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.app", "predict", str(scenes), "--model", "fusar-gpt/1"]
    command += ["--polarizations", "VV", "--scale", "decibel", "--out", str(tmp_path / "out")]
    repository = str(Path(__file__).resolve().parents[4])
    environment = {**os.environ, "PYTHONPATH": repository, "BATCH_HANG": "1"}
    told = len(read_predictions(open_registry(home.root)))
    process = subprocess.Popen(command, cwd=home.root, env=environment, start_new_session=True)
    until = time.monotonic() + 120
    while len(answered(tmp_path)) < 5:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done, before = len(list((tmp_path / "out/done").glob("*.json"))), len(answered(tmp_path))
    assert done in (1, 2), "two models at once: the second may have been at its files"
    predict_all(home, request(scenes, tmp_path / "out"))
    assert len(answered(tmp_path)) - before == (3 - done) * REQUESTS, "only what was in flight was asked about again"
    (last,) = read_predictions(open_registry(home.root))[told:]
    assert len(last.scenes) == 3


@pytest.mark.slow
def test_the_workers_of_a_dask_cluster_give_the_same_files(
    home: Home, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    predict_all(home, request(scenes, tmp_path / "here"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        predict_all(home, request(scenes, tmp_path / "there"))
    for path in sorted((tmp_path / "here/chips").iterdir()):
        assert path.read_bytes() == (tmp_path / "there/chips" / path.name).read_bytes()
