"""What a file names is never opened: not by `fusar data add`, not by `ingest`; the neighbour is taken all the same."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import read_table
from tests.components.catalog.conftest import House, house, ramp  # noqa: F401
from tests.components.catalog.test_adding import SAID
from tests.components.ingestion.conftest import Catalogue, catalogue, config  # noqa: F401
from tests.hostile import CANARY, Bait, bait, leaks, overviews_named_inside, sidecars, vrt

ONE_BAND = {"sar:polarizations": ["VV"], "fusar:scale": "amplitude", "fusar:quantity": "amplitude"}


@pytest.fixture(autouse=True)
def no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """GDAL may hold the interpreter while it waits, and then a listener in this process cannot answer."""
    for name in ("GDAL_HTTP_TIMEOUT", "GDAL_HTTP_CONNECTTIMEOUT"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")


@pytest.fixture
def lure(tmp_path: Path) -> Iterator[Bait]:
    with bait(tmp_path) as found:
        yield found
        assert found.listener.connections == 0
        assert leaks(tmp_path / "house") + leaks(tmp_path / "outputs") == []


def test_the_traps_do_catch_who_looks_at_what_a_file_names(tmp_path: Path) -> None:
    """Without this, the tests below could pass on traps that nobody would step into."""
    with bait(tmp_path) as found:
        secret, address, _ = found.targets()
        disguised, scene = tmp_path / "disguised.tif", tmp_path / "scene.tif"
        disguised.write_text(vrt(secret, 64))
        with rasterio.open(disguised) as source:
            assert CANARY in source.read().tobytes()
        profile = {"driver": "GTiff", "count": 1, "height": 64, "width": 64, "dtype": "uint8"}
        for trap in (overviews_named_inside, sidecars):
            with rasterio.open(scene, "w", **profile) as sink:
                sink.write(np.ones((1, 64, 64), np.uint8))
            trap(scene, address.replace("pixels", trap.__name__))  # an address that failed once is not asked again
            before = found.listener.connections
            with rasterio.open(scene, driver="GTiff") as source:
                source.overviews(1)
            assert found.listener.connections > before, trap.__name__


def place_vrt(scene: Path, target: str) -> None:
    scene.write_text(vrt(target, 128))


def place_link(scene: Path, target: str) -> None:
    scene.unlink()
    scene.symlink_to(target)


def place_land_cover(scene: Path, target: str) -> None:
    scene.with_name(f"{scene.stem}_land_cover.tif").write_text(vrt(target, 128))


def place_objects(scene: Path, target: str) -> None:
    scene.with_name(f"{scene.stem}_objects.geojson").symlink_to(target)


Trap = Callable[[Path, str], None]
HARMLESS = [sidecars, overviews_named_inside]  # the scene itself is good, and is taken


@pytest.mark.parametrize("which", [0, 1, 2], ids=["file", "loopback", "link-local"])
@pytest.mark.parametrize("trap", HARMLESS)
def test_add_looks_at_nothing_beside_a_good_scene(house: House, lure: Bait, trap: Trap, which: int) -> None:  # noqa: F811
    trap(house.raster("trapped.tif", ramp()), lure.targets()[which])
    house.raster("good.tif", ramp() - 1)
    said = house.add(house.own, *SAID)
    assert "2 added, 0 unchanged, 0 set aside." in said.out
    assert sorted(path.name for path in (house.data / "scenes").iterdir()) == ["good.tif", "trapped.tif"]
    assert house.item("trapped")["geometry"] == house.item("good")["geometry"]


@pytest.mark.parametrize(
    ("trap", "which", "code"),
    [
        (place_vrt, 0, "not-a-geotiff"),
        (place_vrt, 1, "not-a-geotiff"),
        (place_vrt, 2, "not-a-geotiff"),
        (place_link, 0, "not-a-geotiff"),
        (place_link, 1, "no-such-file"),
        (place_land_cover, 0, "not-a-geotiff"),
        (place_land_cover, 1, "not-a-geotiff"),
        (place_objects, 0, "broken-objects"),
    ],
)
def test_add_names_a_trap_and_adds_its_neighbour(house: House, lure: Bait, trap: Trap, which: int, code: str) -> None:  # noqa: F811
    bad = house.raster("trapped.tif", ramp())
    trap(bad, lure.targets()[which])
    said = house.add(bad, house.raster("good.tif", ramp() - 1), *SAID)
    assert "1 added, 0 unchanged, 1 set aside." in said.out and f"set aside  {bad}: {code}: " in said.err
    assert CANARY.decode() not in said.out + said.err
    assert sorted(path.name for path in house.data.rglob("*.*")) == ["good.json", "good.tif"]


@pytest.mark.parametrize("prefix", ["/vsicurl/", "/vsizip//vsicurl/", "/vsicurl?url=", ""])
def test_add_asks_no_address_that_is_not_listed(house: House, lure: Bait, prefix: str) -> None:  # noqa: F811
    said = house.add(f"{prefix}{lure.url}", house.raster("good.tif", ramp() - 1), *SAID)
    assert "1 added, 0 unchanged, 1 set aside." in said.out
    assert f": {'no-such-file' if prefix else 'not-fetched'}: " in said.err


@pytest.mark.parametrize("which", [0, 1, 2], ids=["file", "loopback", "link-local"])
@pytest.mark.parametrize("trap", HARMLESS)
def test_ingest_looks_at_nothing_beside_a_good_scene(catalogue, config, lure, trap: Trap, which: int) -> None:  # noqa: F811
    catalogue.good("good")
    catalogue.good("trapped")
    catalogue.ingest(config)
    without_trap = read_table(catalogue.outputs / "chips", CHIPS)
    shutil.rmtree(catalogue.outputs)
    trap(catalogue.data / "scenes/trapped.tif", lure.targets()[which])
    assert catalogue.ingest(config)["scenes_cut"] == 2
    assert read_table(catalogue.outputs / "chips", CHIPS).equals(without_trap)


def refused(catalogue: Catalogue, config, code: str) -> None:  # noqa: F811
    """The scene `trapped` is set aside, its neighbour is cut."""
    catalogue.good("good")
    metrics = catalogue.ingest(config)
    assert (metrics["scenes_cut"], metrics["scenes_set_aside"]) == (1, 1)
    (row,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert (row["scene_id"], row["code"]) == ("trapped", code)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["file", "loopback", "link-local"])
def test_ingest_sets_a_disguised_vrt_aside(catalogue: Catalogue, config, lure: Bait, which: int) -> None:  # noqa: F811
    catalogue.item("trapped", **{name.replace(":", "__"): value for name, value in ONE_BAND.items()})
    (catalogue.data / "scenes/trapped.tif").write_text(vrt(lure.targets()[which], 128))
    refused(catalogue, config, "not-a-geotiff")


@pytest.mark.parametrize(
    "href",
    ["../../elsewhere/secret.bin", "/vsicurl/{url}", "/vsimem/x.tif", "../scenes//vsicurl/{url}", "{url}", "{secret}",
     "file://{secret}", "http://169.254.169.254/latest/x.tif", "//169.254.169.254/x.tif", "s3://bucket/x.tif",
     "vrt://{secret}", "GTIFF_RAW:{secret}", "../scenes/link.tif", "../folder/secret.bin"],
)  # fmt: skip
@pytest.mark.parametrize("asset", ["backscatter", "objects"])
def test_ingest_follows_no_href_out_of_the_data(catalogue, config, lure: Bait, asset: str, href: str) -> None:  # noqa: F811
    (catalogue.data / "scenes/link.tif").symlink_to(lure.secret)
    (catalogue.data / "folder").symlink_to(lure.secret.parent)
    catalogue.good("trapped")
    place = {"backscatter": "../scenes/trapped.tif", asset: href.format(url=lure.url, secret=lure.secret)}
    catalogue.item("trapped", place)
    refused(catalogue, config, "href-outside-data")
