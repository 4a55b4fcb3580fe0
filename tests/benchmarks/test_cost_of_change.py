"""The benchmark of one new scene: what it generates, counts and compares, and a whole run of it in small."""

from pathlib import Path

import pytest
import rasterio

from benchmarks.cost_of_change.change import compare
from benchmarks.cost_of_change.clock import CommandClock
from benchmarks.cost_of_change.generated import CHIPS, HEIGHT_PX, POLARIZATIONS, WIDTH_PX, write_scene
from benchmarks.cost_of_change.measuring import Change, SizeCost, measure_size
from benchmarks.cost_of_change.pushed import Pushed, listing, pushed
from benchmarks.cost_of_change.stages import DATA_STAGES, RetrainCost, StageCost
from benchmarks.orchestration.errors import ContestantFailed
from benchmarks.timing import Spent, timed
from components.simulation.files import write_raster
from components.simulation.grid import Grid


@pytest.mark.parametrize("number", [0, 7, 9_999])
def test_a_scene_written_from_the_template_is_what_gdal_would_write(tmp_path: Path, number: int) -> None:
    _, backscatter, cover, _ = write_scene(tmp_path / "data", number)
    for path, nodata, names in ((backscatter, None, POLARIZATIONS), (cover, 0, ("land_cover",))):
        with rasterio.open(path) as raster:
            pixels, affine, epsg = raster.read(), raster.transform, raster.crs.to_epsg()
        write_raster(tmp_path / "by_gdal.tif", pixels, Grid(epsg, affine, HEIGHT_PX, WIDTH_PX), nodata, names)
        assert (tmp_path / "by_gdal.tif").read_bytes() == path.read_bytes()


def test_a_scene_is_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    first, second = (write_scene(tmp_path / name, 3) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"simulated" in first[0].read_bytes()


def test_bytes_pushed_are_what_is_new_with_manifests_apart(tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    for path, size in (("files/md5/aa/1", 10), ("files/md5/aa/2", 20), ("leases/x/1.json", 5)):
        (remote / path).parent.mkdir(parents=True, exist_ok=True)
        (remote / path).write_bytes(b"x" * size)
    before = listing(remote)
    (remote / "files/md5/aa/3").write_bytes(b"x" * 7)
    (remote / "files/md5/aa/4.dir").write_bytes(b"x" * 1000)
    (remote / "leases/x/2.json").write_bytes(b"x" * 50)
    assert pushed(before, listing(remote), [remote / "files/md5/aa/3"]) == Pushed(7, 7, 1000)


def test_the_clock_takes_the_stage_s_command_out_of_the_whole(tmp_path: Path) -> None:
    clock = CommandClock(tmp_path / "clock")
    environment = clock.environment({"PATH": "/usr/bin:/bin"})
    busy = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    whole, _ = timed(["/bin/sh", "-c", f"python -c '{busy}'; sleep 0.3"], tmp_path, environment)
    command = clock.read()
    assert command.cpu_s >= 0.3 and (whole - command).wall_s >= 0.3
    assert (whole - command).cpu_s < 0.2


def test_a_command_that_fails_is_no_fast_time(tmp_path: Path) -> None:
    with pytest.raises(ContestantFailed, match="code 3"):
        timed(["/bin/sh", "-c", "exit 3"], tmp_path, {})


def counts(scenes: int) -> dict[str, int]:
    """What each stage works on for so many scenes: ingest counts scenes, the others chips."""
    return {name: scenes * (1 if name == "ingest" else CHIPS) for name in DATA_STAGES}


def size_cost(scenes: int, dvc_s: float, anew: int = 1, ratio: float = 1.1) -> SizeCost:
    stages = {
        name: StageCost(Spent(1.0, 1.0), Spent(dvc_s, dvc_s), 0.0, count, scenes)
        for name, count in counts(anew).items()
    }
    retrain = RetrainCost(0.0, stages)
    change = Change(Spent(0.0, 0.0), retrain, Pushed(1000, round(1000 * ratio), 0))
    return SizeCost(scenes, retrain, (change, change))


@pytest.mark.parametrize(
    ("large", "missed"),
    [
        (size_cost(1_100, 1.9), 0),
        (size_cost(1_100, 2.1), 4),  # 1.1 ms for each of a thousand more scenes, in each stage
        (size_cost(1_100, 1.9, anew=2), 4),
        (size_cost(1_100, 1.9, anew=0), 4),
        (size_cost(1_100, 1.9, ratio=1.3), 1),
    ],
)
def test_every_limit_can_be_missed(large: SizeCost, missed: int) -> None:
    assert sum(not comparison.is_met for comparison in compare([size_cost(100, 1.0), large])) == missed


@pytest.mark.slow
@pytest.mark.parametrize("scenes", [30, 100])
def test_one_new_scene_is_one_scene_s_work_and_bytes(tmp_path: Path, scenes: int) -> None:
    size = measure_size(tmp_path, scenes, 1, lambda line: None)
    assert {name: stage.anew for name, stage in size.first.stages.items()} == counts(scenes)
    assert size.worked_on == {name: [count] for name, count in counts(1).items()}
    assert size.changes[0].retrain.stages["ingest"].known == scenes
    assert size.bytes_ratio <= 1.2
