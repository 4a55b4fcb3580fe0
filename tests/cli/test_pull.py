"""`fusar data pull` against rustac's STAC API over real HTTP: what is asked comes, once, and nothing else."""

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from affine import Affine

from cli.app import main
from tests.components.arrivals.stac_api import Api, item, serving
from tests.components.arrivals.test_stac import RUSTAC, rustac
from tests.components.catalog.conftest import UTM31, House, Said, house  # noqa: F401

PIXELS = np.stack([np.full((128, 128), power, np.float32) for power in (0.1, 0.02)])
PLACE = "4.4,43.5,4.6,43.7"


def geotiff(folder: Path, pixels: np.ndarray, transform: Affine = UTM31) -> bytes:
    file = folder / "made.tif"
    profile = {"driver": "GTiff", "crs": "EPSG:32631", "transform": transform, "dtype": "float32"}
    with rasterio.open(file, "w", count=1, height=pixels.shape[0], width=pixels.shape[1], **profile) as sink:
        sink.write(pixels, 1)
    return file.read_bytes()


def scene(number: int, files: str, day: int = 9, lon: float = 4.5, folder: str = "files", **more: object) -> dict:
    """An item with an asset for each polarisation, of a satellite that flies over the Camargue."""
    box = [lon - 0.1, 43.5, lon + 0.1, 43.7]
    ring = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]], [box[0], box[1]]]
    time = f"2021-07-{day:02d}T17:30:17Z"
    properties = {"datetime": time, "platform": "sentinel-1a", "license": "CC-BY-4.0", "sar:instrument_mode": "IW"}
    assets = {name: {"href": f"{files}/{folder}/{name}.tif"} for name in ("vv", "vh")}
    where = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": box, "collection": "sar"}
    return item(number, time, properties={**properties, **more}, assets=assets, **where)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Api]:
    """Where the rasters lie: another host than the API's."""
    with serving("query") as found:
        for name, pixels in zip(("vv", "vh"), PIXELS, strict=True):
            found.files[f"/files/{name}.tif"] = geotiff(tmp_path, pixels)
            found.files[f"/later/{name}.tif"] = geotiff(tmp_path, pixels / 2)
        yield found


def named(house: House, api: str, **more: object) -> None:  # noqa: F811
    facts = {"fusar:quantity": "gamma0", "fusar:scale": "linear", "fusar:simulated": False}
    archive = {"url": api, "assets": {"VV": "vv", "VH": "vh"}, "properties": facts, **more}
    (house.root / "sources.yaml").write_text(yaml.safe_dump({"catalogues": {"archive": archive}}, sort_keys=False))


def pull(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    with pytest.raises(SystemExit) as ended:
        main(["data", "pull", *map(str, arguments)])
    captured = capsys.readouterr()
    return Said(int(ended.value.code or 0), captured.out, captured.err)


@pytest.mark.skipif(RUSTAC is None, reason="rustac of requirements-dev.lock is not installed")
def test_what_is_asked_of_a_real_api_becomes_scenes_once(house, files, tmp_path, capsys):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    items = [
        scene(1, files.url),
        scene(2, files.url, day=20),
        scene(3, files.url, lon=14.5),
        scene(4, files.url, platform="sentinel-1b"),
        scene(5, files.url, license="proprietary"),
        scene(6, files.url, day=10, folder="later"),
    ]
    named(house, f"http://127.0.0.1:{port}", hosts=[files.url.removeprefix("http://")], collections=["sar"])
    words = ("archive", "--place", PLACE, "--time", "2021-07-09/2021-07-10", "--sensor", "Sentinel-1A")
    with rustac(port, tmp_path, items):
        listed = pull(capsys, *words, "--licence", "cc-by-4.0", "--most", 0)
        assert listed.out.splitlines() == [
            "2 items found, 0 of them in data/ already.",
            "1 left out: licence 'proprietary'",
            "2021-07-09T17:30:17Z  scene-1",
            "2021-07-10T17:30:17Z  scene-6",
        ]
        assert not files.asked and not house.data.exists()
        first = pull(capsys, *words, "--licence", "cc-by-4.0", "--most", 1)
        assert first.out.splitlines()[-3:] == [
            "added      scene-1  4 chips",
            "1 added, 0 unchanged, 0 set aside.",
            "Next: dvc add data && git add data.dvc && git commit -m 'add scenes' && fusar plan",
        ]
        assert "1 left for another time (--most 1)." in first.out
        assert pull(capsys, *words, "--licence", "CC-BY-4.0").out.splitlines()[0] == (
            "2 items found, 1 of them in data/ already."
        )
    assert [path for path, _ in files.asked] == [
        f"/{folder}/{name}.tif" for folder in ("files", "later") for name in ("vv", "vh")
    ]
    assert sorted(path.name for path in (house.data / "items").iterdir()) == ["scene-1.json", "scene-6.json"]
    properties = house.item("scene-1")["properties"]
    assert (properties["sar:polarizations"], properties["license"]) == (["VV", "VH"], "CC-BY-4.0")
    with rasterio.open(house.data / "scenes/scene-1.tif") as raster:
        assert raster.descriptions == ("VV", "VH") and raster.transform == UTM31
        np.testing.assert_array_equal(raster.read(), PIXELS)


def test_what_broke_off_goes_on_and_each_file_is_held_against_its_checksum(house, files, tmp_path, capsys):  # noqa: F811
    for name in ("vv", "vh"):  # larger than the pieces in which a file comes
        files.files[f"/files/{name}.tif"] = geotiff(tmp_path, np.full((400, 400), 0.1, np.float32))
    vv = files.files["/files/vv.tif"]
    one = scene(1, files.url)
    one["assets"]["vv"]["file:checksum"] = f"1220{hashlib.sha256(vv).hexdigest()}"
    named(house, files.url)
    files.items = [one, scene(2, files.url)]
    files.items[1]["assets"]["vv"]["file:checksum"] = f"1220{'0' * 64}"
    files.cut["/files/vv.tif"] = len(vv) - 1000
    broken = pull(capsys, "archive")
    assert (
        broken.code == 1 and "1 set aside, 1 to come" in broken.err and "goes on where this one stopped" in broken.err
    )
    again = pull(capsys, "archive")
    assert "added      scene-1" in again.out and "are not those of file:checksum" in again.err
    ranges = [asked for path, asked in files.asked if path == "/files/vv.tif" and asked]
    assert len(ranges) == 1 and int(ranges[0].removeprefix("bytes=").rstrip("-")) > len(vv) // 2
    assert not list((house.root / ".fusar").glob("pulled/*"))


def test_an_archive_that_wants_signatures_gives_its_scenes_and_none_of_them_stays(house, files, capsys):  # noqa: F811
    signature = "se=2026&sig=a%2Bsecret"
    paths = [f"/{folder}/{name}.tif" for folder in ("files", "later") for name in ("vv", "vh")]
    for path in paths:
        files.files[f"{path}?{signature}"] = files.files[path]
        files.files[path] = 403
    with serving("query") as api:
        api.items = [scene(1, files.url), scene(2, files.url, day=20, folder="later")]
        named(house, api.url, hosts=[files.url.removeprefix("http://")], tokens=f"{api.url}/token")
        assert "no `token` with its `msft:expiry`" in pull(capsys, "archive").err
        api.files["/token/sar"] = json.dumps({"msft:expiry": "2999-01-01T00:00:00Z", "token": signature}).encode()
        assert "2 added" in pull(capsys, "archive").out
    assert [path for path, _ in api.asked] == ["/token/sar"]
    assert [path for path, _ in files.asked] == [f"{path}?{signature}" for path in paths]
    kept = [path for path in house.root.rglob("*") if path.is_file()]
    assert kept and not any(b"secret" in path.read_bytes() for path in kept)


def test_an_api_that_ignores_the_question_brings_nothing_that_was_not_asked(house, files, capsys):  # noqa: F811
    named(house, files.url)
    files.items = [
        scene(1, files.url),
        scene(2, files.url, lon=14.5),
        scene(3, files.url, day=30),
        item(4, "2021-07-09"),
    ]
    said = pull(capsys, "archive", "--place", PLACE, "--time", "../2021-07-29")
    assert "1 items found" in said.out and "added      scene-1" in said.out


def test_a_file_of_a_host_that_is_not_named_is_not_asked_for(house, files, capsys):  # noqa: F811
    with serving("query") as api:
        api.items = [scene(1, files.url), scene(2, "http://169.254.169.254"), scene(3, "/vsicurl/http://127.0.0.1")]
        named(house, api.url)
        said = pull(capsys, "archive")
    assert said.code == 0 and "0 added, 0 unchanged, 3 set aside." in said.out
    assert said.err.count("neither on the API's own host") == 2
    assert "'scene-3': not-a-geotiff" in said.err  # a path of the API's own host like any other
    assert not files.asked


def test_rasters_on_two_grids_are_set_aside(house, files, tmp_path, capsys):  # noqa: F811
    files.files["/files/vh.tif"] = geotiff(tmp_path, PIXELS[1], UTM31 @ Affine.translation(3, 0))
    files.items = [scene(1, files.url)]
    named(house, files.url)
    assert "'scene-1': grid-mismatch: its affine differs" in pull(capsys, "archive").err
    assert not house.data.exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("nowhere",), "sources.yaml does not say where that is; it names archive"),
        (("archive", "--place", "1,2,3"), "neither WEST,SOUTH,EAST,NORTH nor a file of GeoJSON"),
        (("archive", "--place", "4,5,3,6"), "neither WEST,SOUTH"),
        (("archive", "--time", "July"), "not FROM/TO"),
        (("archive", "--time", "2021-07-02/2021-07-01"), "it ends before it begins"),
    ],
)
def test_a_question_that_nobody_can_answer_is_named(words, problem, house, capsys):  # noqa: F811
    named(house, "http://127.0.0.1:9")
    said = pull(capsys, *words)
    assert said.code == 1 and problem in said.err and said.err.startswith("error: ")


@pytest.mark.parametrize(
    "content", ["{half", "catalogues: {a: {url: 'file:///etc'}}", "files: {hosts: ['s3://a/../b']}", "files: [1]"]
)
def test_a_sources_file_that_cannot_be_used_is_named(content, house, capsys):  # noqa: F811
    (house.root / "sources.yaml").write_text(content)
    assert "error: sources.yaml: " in pull(capsys, "archive").err


def test_a_place_is_a_file_too_and_crosses_the_antimeridian(house, files, capsys):  # noqa: F811
    named(house, files.url)
    files.items = [scene(1, files.url, lon=-179.5)]
    area = {"type": "Polygon", "coordinates": [[[180.1, 43], [181, 43], [181, 44], [180.1, 44], [180.1, 43]]]}
    (house.own / "area.geojson").write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": area}))
    assert "1 items found" in pull(capsys, "archive", "--place", house.own / "area.geojson", "--most", 0).out
