"""`fusar data pull alphaearth` from a server that counts: the right year, the right pixels, and no byte too many."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import yaml
from affine import Affine
from pyproj import Transformer
from rasterio.warp import transform_bounds

from components.arrivals.alphaearth.index import TileIndex
from components.arrivals.alphaearth.mosaic import _blocks
from components.catalog.companions import scenes_without
from components.ingestion.chips import chips_of
from components.ingestion.config import IngestConfig
from components.ingestion.items import read_scene
from components.rasters.opening import open_raster
from tests.cli.test_pull import pull
from tests.components.arrivals.stac_api import Api, serving
from tests.components.catalog.conftest import UTM31, House, house, ramp  # noqa: F401
from tests.components.catalog.test_adding import GOOD

SIDE, BLOCK = 256, 64
SCENE = f"{GOOD}.tif"  # of 2015: 128 x 128 pixels from (620000, 4830000) down


def pixel_values(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What a tile holds at map coordinates: nine bands tell where a pixel lies, the others are noise."""
    col, row = np.floor(x / 10).astype(int), np.floor(y / 10).astype(int)
    told = [col % 100, row % 100, np.where(y > 4829360, 90, -90)]
    noise = np.random.default_rng(1).integers(-100, 100, (61, *x.shape))
    return np.concatenate([np.stack(told), noise]).astype(np.int8)


def tile(folder: Path, west: float, south: float, crs: str = "EPSG:32631", side: int = SIDE) -> tuple[bytes, dict]:
    """A tile as they are published: its first row is the southern one. Its bytes, and its line of the index."""
    affine = Affine(10, 0, west, 0, 10, south)
    x, y = np.meshgrid(west + 5 + 10 * np.arange(side), south + 5 + 10 * np.arange(side))
    form = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "interleave": "band"}
    where = {"crs": crs, "transform": affine, "nodata": -128, "dtype": "int8", "count": 64}
    with rasterio.open(folder / "tile.tif", "w", driver="GTiff", height=side, width=side, **where, **form) as sink:
        sink.write(pixel_values(x, y))
    box = transform_bounds(crs, "EPSG:4326", west, south, west + 10 * side, south + 10 * side)
    named = dict(zip(("wgs84_west", "wgs84_south", "wgs84_east", "wgs84_north"), box, strict=True))
    return (folder / "tile.tif").read_bytes(), {"crs": crs, **named}


@pytest.fixture
def api(house: House, tmp_path: Path) -> Iterator[Api]:  # noqa: F811
    house.raster(SCENE, ramp(), nodata=-99)
    assert house.add(house.own / SCENE).code == 0
    with serving("query") as found:
        yield found


def publish(api: Api, house: House, tiles: dict[str, tuple[bytes, dict]]) -> None:  # noqa: F811
    """Serve tiles under `YEAR/NAME`, with the index that names them in their bucket."""
    rows = [
        {**row, "year": int(name[:4]), "path": f"s3://the-bucket/aef/{name}.tiff"} for name, (_, row) in tiles.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), house.own / "index.parquet")
    api.files = {f"/aef/{name}.tiff": content for name, (content, _) in tiles.items()}
    api.files["/index.parquet"] = (house.own / "index.parquet").read_bytes()
    host = api.url.removeprefix("http://")
    source = {"index": f"{api.url}/index.parquet", "rewrites": {"s3://the-bucket/": f"{api.url}/"}, "hosts": [host]}
    (house.root / "sources.yaml").write_text(yaml.safe_dump({"alphaearth": source}))


def centres(raster: rasterio.DatasetReader) -> tuple[np.ndarray, np.ndarray]:
    cols, rows = np.meshgrid(np.arange(raster.width) + 0.5, np.arange(raster.height) + 0.5)
    return raster.transform @ (cols, rows)


def test_a_scene_gets_the_pixels_of_two_tiles_of_the_nearest_year(house, api, tmp_path, capsys):  # noqa: F811
    # The scene spans x 620000..621280; the tiles meet at 620640.
    west, east = tile(tmp_path, 618080, 4827900), tile(tmp_path, 620640, 4827900)
    publish(api, house, {"2018/a": west, "2018/b": east, "2019/a": west})
    said = pull(capsys, "alphaearth")
    assert said.out.splitlines()[:2] == [
        f"given      {GOOD}  2018 for 2017  alphaearth/{GOOD}.tif",
        "1 given, 0 where AlphaEarth has nothing, 0 set aside.",
    ]
    asset = house.item(GOOD)["assets"]["alphaearth"]
    assert (asset["fusar:year"], asset["fusar:substitute_for"]) == (2018, 2017)
    with rasterio.open(house.data / f"alphaearth/{GOOD}.tif") as raster:
        assert raster.transform.e == -10 and raster.descriptions[63] == "A63"
        pixels, (x, y) = raster.read(), centres(raster)
        np.testing.assert_array_equal(pixels[:3], pixel_values(x, y)[:3])
        assert raster.bounds.left < 620000 - 10 and raster.bounds.top > 4830000 + 10
    # What ingestion makes of it: the north of the scene is +, the south is -.
    config = IngestConfig.model_validate(yaml.safe_load((house.root / "params.yaml").read_text())["ingest"])
    for chip in chips_of(read_scene(house.data / f"items/{GOOD}.json", house.data), config):
        vectors = np.frombuffer(chip["alphaearth"], np.float32).reshape(4, 4, 64)
        assert chip["alphaearth_year"] == 2018
        assert (np.sign(vectors[..., 2]) == (1 if chip["row"] < 64 else -1)).all()
    assert pull(capsys, "alphaearth").out == "0 given, 0 where AlphaEarth has nothing, 0 set aside.\n"


@pytest.mark.slow
def test_one_head_and_no_more_requests_than_blocks(house, api, tmp_path, capsys):  # noqa: F811
    content, row = tile(tmp_path, 618080, 4827900, side=512)
    publish(api, house, {"2017/a": (content, row)})
    assert pull(capsys, "alphaearth").code == 0
    (scene,) = scenes_without("none", house.data)
    with open_raster(tmp_path / "tile.tif") as raster:
        blocks = 64 * len(list(_blocks(raster, scene.footprint)))
    asked = [span for path, span in api.asked if path.endswith("a.tiff")]
    assert asked[0] == "bytes=0-524287" and len(asked) - 1 <= blocks
    assert not any(span.startswith("bytes=0-") for span in asked[1:])
    came = sum(int(last) + 1 - int(first) for first, last in (span[6:].split("-") for span in asked[1:]))
    assert came < len(content) / 3  # 9 of 64 blocks of each band


def test_a_scene_on_the_border_of_two_utm_zones_is_whole(house, api, tmp_path, capsys):  # noqa: F811
    # Zone 31 ends at 6 degrees east: the scene is moved there.
    shifted = UTM31 @ Affine.translation((742700 - 620000) / 10, 0)
    house.raster("S1A__IW___A_20180309T173017_VV_gamma0-rtc_db.tif", ramp(), nodata=-99, transform=shifted)
    assert house.add(house.own / "S1A__IW___A_20180309T173017_VV_gamma0-rtc_db.tif").code == 0
    (house.data / f"items/{GOOD}.json").unlink()
    over = Transformer.from_crs("EPSG:32631", "EPSG:32632", always_xy=True)
    x0, y0 = over.transform(743340, 4829360)
    zone31 = tile(tmp_path, 740780, 4827900)  # as far as 743340, in the middle of the scene
    zone32 = tile(tmp_path, np.floor(x0 / 10) * 10, np.floor(y0 / 10) * 10 - 1280, "EPSG:32632")
    publish(api, house, {"2018/a": zone31, "2018/b": zone32})
    assert "  2018  " in pull(capsys, "alphaearth").out
    with rasterio.open(house.data / "alphaearth/S1A__IW___A_20180309T173017_VV_gamma0-rtc_db.tif") as raster:
        pixels, (x, y) = raster.read(), centres(raster)
    is_east = x > 743400
    east_x, east_y = over.transform(x, y)
    np.testing.assert_array_equal(pixels[:2, ~is_east & (x < 743340)], pixel_values(x, y)[:2, ~is_east & (x < 743340)])
    known = is_east & (pixels[0] != -128)
    assert known.sum() > 0.9 * is_east.sum()
    np.testing.assert_array_equal(pixels[:2, known], pixel_values(east_x, east_y)[:2, known])


def test_what_cannot_be_had_is_said(house, api, tmp_path, capsys):  # noqa: F811
    publish(api, house, {"2018/a": tile(tmp_path, 918080, 4827900)})
    assert f"none       {GOOD}  AlphaEarth has nothing here" in pull(capsys, "alphaearth").out
    (house.root / ".fusar/alphaearth/index.parquet").unlink()
    publish(api, house, {"2018/a": tile(tmp_path, 618080, 4827900)})
    api.files["/aef/2018/a.tiff"] = b"<VRTDataset/>" * 100
    assert "not-a-geotiff" in pull(capsys, "alphaearth").err
    api.files["/aef/2018/a.tiff"] = 503
    said = pull(capsys, "alphaearth")
    assert said.code == 1 and "1 to come" in said.err and "HTTP 503" in said.err
    api.files["/aef/2018/a.tiff"] = "http://169.254.169.254/a.tiff"
    assert "'http://169.254.169.254/a.tiff'" in pull(capsys, "alphaearth").err
    assert not (house.data / "alphaearth").exists() and "alphaearth" not in house.item(GOOD)["assets"]
    (house.root / ".fusar/alphaearth/index.parquet").write_bytes(b"no table")
    assert "no index of AlphaEarth's tiles" in pull(capsys, "alphaearth").err
    assert "leave it out" in pull(capsys, "alphaearth", "--place", "1,2,3,4").err


@pytest.mark.parametrize(("year", "found"), [(2017, 2018), (2018, 2018), (2020, 2019), (2021, 2022), (2030, 2022)])
def test_the_nearest_year_stands_for_one_that_is_missing(year, found, tmp_path):
    import shapely

    rows = [
        {"path": f"{year}-{n}", "crs": crs, "year": year, "wgs84_west": 179.0, "wgs84_south": 0.0, "wgs84_east": 180.0,
         "wgs84_north": 1.0} for year in (2018, 2019, 2022) for n, crs in enumerate(("b", "a", "a"))
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "index.parquet")
    chosen = TileIndex(tmp_path / "index.parquet", {}).choose(shapely.box(-180.5, 0.4, -180.2, 0.6), year)
    assert chosen.year == found and chosen.addresses == (f"{found}-1", f"{found}-2", f"{found}-0")
