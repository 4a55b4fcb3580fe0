import json
import re
import time
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer

from tests.conftest import Clone, Demo

STAGES = ("ingest", "check_chips", "annotate", "check_annotations", "pretrain", "align", "instruct", "evaluate")


TINY = ("--profile", "tiny", "--catalogue", "tiny")


def test_the_demo_runs_every_stage_and_makes_two_champions(demo: Demo) -> None:
    for stage in STAGES:
        assert re.search(rf"\b{stage}\b.*\bran\b", demo.said), f"{stage} is not shown as run:\n{demo.said}"
    assert "Champion: fusar-gpt/1" in demo.said
    assert "Champion: fusar-klip/1" in demo.said


def test_the_demo_says_that_its_scenes_are_simulated(demo: Demo) -> None:
    assert "simulated" in demo.said
    assert "simulated" in report_page(demo)


def test_the_persons_tree_is_as_clean_as_before(demo: Demo) -> None:
    assert demo.clone.git("status", "--porcelain") == ""


def test_a_second_demo_finds_nothing_stale_and_makes_no_version(demo: Demo) -> None:
    started = time.monotonic()
    again = demo.clone.fusar("demo", *TINY)
    print(f"no-op demo: {time.monotonic() - started:.1f} s")
    assert "Nothing was stale: no stage ran and no new version was registered." in again.stdout
    assert set(re.findall(r"fusar-(?:klip|gpt)/\d+", again.stdout)) == {"fusar-klip/1", "fusar-gpt/1"}


def test_the_report_page_is_whole_and_calls_nobody(demo: Demo) -> None:
    page = report_page(demo)
    for heading in ("Metrics beside their baselines", "Places and splits", "Training", "SCIO", "Checks between stages"):
        assert heading in page
    assert page.count("data:image/png;base64,") >= 3
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)


def report_page(demo: Demo) -> str:
    return (demo.clone.root / ".fusar/reports/tiny.html").read_text(encoding="utf-8")


def test_every_metric_has_its_size_interval_and_baseline(demo: Demo) -> None:
    report = json.loads(next(demo.clone.root.glob(".fusar/worktrees/*-tiny/outputs/evaluate/report.json")).read_text())
    assert report["simulated"] is True
    for entry in report["metrics"]:
        assert entry["n"] > 0 and entry["places"] > 0, entry
        if entry["places"] > 1:  # one place has no interval over places
            assert entry["low"] <= entry["value"] <= entry["high"], entry


def test_lineage_reaches_from_the_champion_down_to_every_scene(demo: Demo) -> None:
    told = demo.clone.fusar("lineage", "show", "fusar-gpt@champion", "--all").stdout
    data = next(demo.clone.root.glob(".fusar/worktrees/*-tiny/data/items"))
    scenes = [path.stem for path in data.glob("*.json")]
    assert len(scenes) == 16
    assert [scene for scene in scenes if scene not in told] == []
    assert demo.clone.git("rev-parse", "HEAD")[:12] in told or "commit" in told


def test_predictions_lie_where_the_scene_lies(demo: Demo, tmp_path: Path) -> None:
    scene = next(demo.clone.root.glob(".fusar/worktrees/*-tiny/data/scenes/*-c3.tif"))
    demo.clone.fusar("predict", str(scene), "--out", str(tmp_path))
    features = json.loads((tmp_path / f"{scene.stem}.geojson").read_text())["features"]
    rings = np.array([f["geometry"]["coordinates"][0] for f in features if f["properties"]["kind"] == "chip"])
    with rasterio.open(scene) as file:
        lons, lats = Transformer.from_crs(file.crs, 4326, always_xy=True).transform(
            *(file.transform @ (np.array([0, file.width, 0, file.width]), np.array([0, 0, file.height, file.height])))
        )
    found = [rings[..., 0].min(), rings[..., 0].max(), rings[..., 1].min(), rings[..., 1].max()]
    np.testing.assert_allclose(found, [min(lons), max(lons), min(lats), max(lats)], atol=1e-7)
    assert (tmp_path / f"{scene.stem}.png").stat().st_size > 10_000


def test_an_update_registers_a_challenger_and_states_the_verdict_with_its_reasons(own_demo: Clone) -> None:
    updated = own_demo.fusar("demo", "--update", *TINY)
    assert "One more scene was added" in updated.stderr
    assert re.search(r"fusar-gpt/2.*challenger.*passed", updated.stdout), updated.stdout
    assert "Champion: fusar-gpt/1" in updated.stdout
    assert own_demo.git("status", "--porcelain") == ""
    promoted = own_demo.fusar("promote", "fusar-gpt", "2")
    assert "champion" in promoted.stdout
