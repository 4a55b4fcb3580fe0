"""New items of a STAC API on their way into a commit of the watched branch: real HTTP, real git, DVC and GeoTIFFs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from components.arrivals.sources import StacSource
from components.revisions.data_commits import files_of
from components.revisions.home import Home
from flows.triggers import arriving
from tests.components.arrivals.stac_api import Api, item, serving
from tests.components.catalog.conftest import UTM31
from tests.flows.test_watch import deployed, look, push, runs_of, watched  # noqa: F401
from tests.small_house import ROOT, run

SAR = {
    "datetime": "2026-02-01T05:00:00Z",
    "updated": "2026-02-02T00:00:00Z",
    "platform": "sentinel-1a",
    "sar:polarizations": ["VV"],
    "proj:code": "EPSG:4326",
}
GIVEN = {"fusar:quantity": "gamma0", "fusar:scale": "decibel", "fusar:simulated": True}


def geotiff(folder: Path, seed: int = 0) -> bytes:
    """A scene of 128 x 128 pixels in decibels."""
    file = folder / "made.tif"
    pixels = np.random.default_rng(seed).normal(-12, 3, (1, 128, 128)).astype(np.float32)
    profile = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, "dtype": "float32"}
    with rasterio.open(file, "w", count=1, height=128, width=128, **profile) as sink:
        sink.write(pixels)
    return file.read_bytes()


def publish(api: Api, number: int, content: bytes, **assets: object) -> None:
    api.files[f"/files/{number}.tif"] = content
    named = {"vv": {"href": f"files/{number}.tif"}, **assets}
    api.items.append(item(number, "", properties=dict(SAR), assets=named))


@pytest.fixture
def api() -> Iterator[Api]:
    with serving("query") as found:
        yield found


@pytest.fixture
def here(watched: tuple[Path, Path]) -> Path:  # noqa: F811
    """The watched house, whose params.yaml says how ingestion would cut a scene."""
    house, _ = watched
    shutil.copy(ROOT / "params.yaml", house)
    return house


def source(api: Api) -> dict:
    return {"url": api.url, "since": "2026-02-01T00:00:00Z", "asset": "vv", "properties": GIVEN, "most_mib": 1}


def tip(house: Path) -> str:
    return run(house.parent / "remote.git", "git", "rev-parse", "main").stdout.strip()


def scenes(house: Path) -> set[str]:
    return {name for name in files_of(Home(house), tip(house)) if "/" in name}


def test_new_items_become_scenes_of_one_commit_and_its_retrain_starts_once(here, api, tmp_path):
    before = tip(here)
    publish(api, 1, geotiff(tmp_path))
    publish(api, 2, geotiff(tmp_path, 2), objects={"href": "files/2.geojson"})
    api.files["/files/2.geojson"] = b'{"type": "FeatureCollection", "features": []}'
    publish(api, 3, b"no raster")
    publish(api, 4, b"", vv={"href": "http://169.254.169.254/latest/meta-data"})
    publish(api, 5, bytes(2_000_000))
    said = look(stac=(source(api),))
    made = tip(here)
    assert run(here, "git", "rev-parse", f"{made}^").stdout.strip() == before
    assert "5 new items: 2 added, 0 there before, 3 set aside ('scene-3': " in said
    assert "'scene-4': its file lies at 'http://169.254.169.254/latest/meta-data'" in said
    assert "more than 1 MiB" in said and f"{made[:12]} laptop: started" in said
    ours = {f"{folder}/scene-{n}.{kind}" for n in (1, 2) for folder, kind in (("items", "json"), ("scenes", "tif"))}
    assert scenes(here) == {*ours, "objects/scene-2.geojson"}
    asked = len(api.asked)
    for _ in range(2):
        assert look(stac=(source(api),)).endswith(f"{made[:12]} laptop: scheduled")
    (retrain,) = runs_of(made)
    assert (retrain.parameters["revision"], tip(here), len(api.asked)) == (made, made, asked)
    assert not any((here / ".fusar/arrivals").glob("*/*"))


def test_what_does_not_come_now_comes_later_and_nothing_twice(here, api, tmp_path):
    publish(api, 1, geotiff(tmp_path))
    publish(api, 2, geotiff(tmp_path, 2))
    api.cut["/files/2.tif"] = 40_000
    said = look(stac=(source(api),))
    assert said.startswith("Failed: ") and "1 added" in said and "The next look, or the same command, goes on" in said
    assert {name for name in scenes(here) if "items" in name} == {"items/scene-1.json"}
    said = look(stac=(source(api),))
    assert said.startswith("Completed: ") and "1 added, 1 there before, 0 set aside" in said
    assert [path for path, _ in api.asked] == ["/files/1.tif", "/files/2.tif", "/files/2.tif"]
    assert {name for name in scenes(here) if "items" in name} == {"items/scene-1.json", "items/scene-2.json"}


@pytest.mark.slow
def test_somebody_who_pushes_meanwhile_loses_nothing(here, api, tmp_path, watched, monkeypatch):  # noqa: F811
    publish(api, 1, geotiff(tmp_path))
    pushed = list[str]()
    real = arriving.advance

    def late(*arguments: object) -> None:
        if not pushed:
            pushed.append(push(watched[1]))
        real(*arguments)

    monkeypatch.setattr(arriving, "advance", late)
    assert look(stac=(source(api),)).startswith("Completed: ")
    assert run(here, "git", "rev-parse", f"{tip(here)}^").stdout.strip() == pushed[0]
    assert "items/scene-1.json" in scenes(here)


@pytest.mark.slow
def test_a_branch_that_takes_no_commit_is_named_and_nothing_is_fetched_again(here, api, tmp_path):
    publish(api, 1, geotiff(tmp_path))
    hook = here.parent / "remote.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "protected" in look(stac=(source(api),))
    hook.unlink()
    assert "1 added" in look(stac=(source(api),))
    assert len(api.asked) == 1


def test_a_source_takes_no_address_as_a_host():
    for host in ("https://x", "x/y", "a b", "x@y"):
        with pytest.raises(ValueError, match="hosts"):
            StacSource(url="https://x", hosts=[host])
