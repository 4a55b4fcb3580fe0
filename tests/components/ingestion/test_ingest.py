import hashlib
from pathlib import Path

import grimp
import numpy as np
import pytest

from components.ingestion.scenes import _CODE
from components.memo.store import MEMO


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.rglob("*.parquet"))}


def _made_and_restored(capsys: pytest.CaptureFixture[str]) -> str:
    return next(line for line in capsys.readouterr().err.splitlines() if line.startswith("scenes cut"))


def test_one_new_scene_costs_one_scene_and_the_bytes_stay_the_same(
    catalogue, config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("first", "second"):
        catalogue.good(name)
    catalogue.ingest(config)
    without_memo = _bytes(catalogue.outputs)
    monkeypatch.setenv(MEMO, str(tmp_path / "memo"))
    metrics = catalogue.ingest(config)
    catalogue.good("third")
    capsys.readouterr()
    catalogue.ingest(config)
    assert _made_and_restored(capsys) == "scenes cut 1, restored from the memo 2"
    (catalogue.data / "items/third.json").unlink()
    for file in (catalogue.outputs / "chips").iterdir():
        file.unlink()
    assert catalogue.ingest(config) == metrics
    assert _made_and_restored(capsys) == "scenes cut 0, restored from the memo 2"
    assert _bytes(catalogue.outputs) == without_memo


def test_a_changed_file_or_parameter_is_cut_anew_and_a_thread_more_is_not(
    catalogue, config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MEMO, str(tmp_path / "memo"))
    pixels = catalogue.good()
    catalogue.ingest(config)
    capsys.readouterr()
    catalogue.ingest(config.model_copy(update={"threads": 1}))
    assert _made_and_restored(capsys) == "scenes cut 0, restored from the memo 1"
    catalogue.ingest(config.model_copy(update={"split_seed": 2}))
    assert _made_and_restored(capsys) == "scenes cut 1, restored from the memo 0"
    catalogue.raster("scenes/good.tif", pixels + np.float32(1))
    catalogue.ingest(config)
    assert _made_and_restored(capsys) == "scenes cut 1, restored from the memo 0"


def test_a_withdrawn_scene_is_left_out_under_any_name(catalogue, config) -> None:
    pixels = catalogue.good("first")
    catalogue.raster("scenes/copy.tif", pixels)
    catalogue.item("copy")
    catalogue.raster("scenes/other.tif", pixels + np.float32(1))
    catalogue.item("other")
    md5 = hashlib.md5((catalogue.data / "scenes/first.tif").read_bytes()).hexdigest()
    with catalogue.withdrawn.open("a") as file:
        file.write(f"{md5},first,licence ended,A. Person,2026-01-01T00:00:00Z\n")
    metrics = catalogue.ingest(config)
    assert (metrics["scenes_cut"], metrics["scenes_withdrawn"], metrics["scenes_set_aside"]) == (1, 2, 0)
    assert [file.name for file in (catalogue.outputs / "chips").iterdir()] == ["other.parquet"]


def test_threads_change_nothing_in_the_bytes(catalogue, config) -> None:
    for number in range(5):
        catalogue.good(f"scene{number}")
    catalogue.ingest(config.model_copy(update={"threads": 1}))
    alone = _bytes(catalogue.outputs)
    catalogue.ingest(config.model_copy(update={"threads": 4}))
    assert _bytes(catalogue.outputs) == alone


def test_a_dask_scheduler_that_is_named_does_the_work(
    catalogue, config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from distributed import LocalCluster

    for number in range(3):
        catalogue.good(f"scene{number}")
    catalogue.item("without_raster")
    here = catalogue.ingest(config)
    local = _bytes(catalogue.outputs)
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        assert catalogue.ingest(config) == here
    assert _bytes(catalogue.outputs) == local


def test_the_memo_s_version_covers_all_code_that_ingestion_imports() -> None:
    graph = grimp.build_graph("components")
    imported = graph.find_upstream_modules("components.ingestion", as_package=True)
    packages = {".".join(module.split(".")[:2]) for module in imported if module.count(".") >= 1}
    assert packages | {"components.ingestion"} == set(_CODE)
