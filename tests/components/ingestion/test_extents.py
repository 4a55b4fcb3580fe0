import json
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Geod, Transformer

from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import read_table

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
WGS84 = Geod(ellps="WGS84")
GRIDS = {
    "UTM": ("EPSG:32631", Affine(10, 0, 620000, 0, -10, 4830000)),
    "rotated": ("EPSG:32759", Affine(-1.43, -5.7678, 337934.48, -5.7678, 1.43, 7840518.46)),
    "bottom-up": ("EPSG:32631", Affine(10, 0, 620000, 0, 10, 4800000)),
    "World Mercator": ("EPSG:3395", Affine(12, 0, -13184000, 0, -12, 4020000)),
    "degrees": ("EPSG:4326", Affine(1e-4, 0, 9.0, 0, -1e-4, 57.0)),
}


def _chips(catalogue) -> list[dict]:
    return read_table(catalogue.outputs / "chips", CHIPS).to_pylist()


def _with_extent(config, extent_m: float, name: str = "sentinel-1a"):
    return config.model_copy(update={"chip_extent_m": {name: extent_m}})


def _side_m(chip: dict) -> float:
    """Root of the geodesic area of its footprint."""
    return abs(WGS84.geometry_area_perimeter(shapely.from_wkb(chip["footprint"]))[0]) ** 0.5


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("extent_m", [1500.0, 380.0])
def test_a_chip_covers_its_extent_and_everything_in_it_lies_where_it_lay(catalogue, config, name, extent_m) -> None:
    crs, affine = GRIDS[name]
    power = np.full((2, 400, 420), 1e-3, np.float32)
    power[:, 150:162, 200:212] = 1.0  # a bright square
    cover = np.full((1, 400, 420), 1, np.uint8)
    cover[:, 150:162, 200:212] = 5
    ring = [affine @ corner for corner in ((200, 150), (212, 150), (212, 162), (200, 162), (200, 150))]
    to_lonlat = Transformer.from_crs(crs, 4326, always_xy=True)
    square = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[list(to_lonlat.transform(x, y)) for x, y in ring]]},
        "properties": {"category": "building"},
    }
    catalogue.raster("scenes/s.tif", power, crs=crs, transform=affine)
    catalogue.raster("land_cover/s.tif", cover, crs=crs, transform=affine)
    (catalogue.data / "objects/s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [square]}))
    assets = {"backscatter": "scenes/s.tif", "land_cover": "land_cover/s.tif", "objects": "objects/s.geojson"}
    catalogue.item("s", {key: f"../{path}" for key, path in assets.items()}, fusar__scale="linear")
    overlapping = config.model_copy(update={"chip_stride": 32})  # so that some chip holds all of the square
    catalogue.ingest(_with_extent(overlapping, extent_m))
    chips = _chips(catalogue)
    assert all(_side_m(chip) == pytest.approx(extent_m, rel=2e-3) for chip in chips)
    assert all(chip["spacing_m"] == pytest.approx(extent_m / 64, rel=2e-3) for chip in chips)
    whole = [
        c for c in chips if any(o["x0"] > 0 and o["x1"] < 64 and o["y0"] > 0 and o["y1"] < 64 for o in c["objects"])
    ]
    assert whole
    for chip in whole:
        codes = np.frombuffer(chip["backscatter"], np.uint8).reshape(2, 64, 64)[0].astype(float)
        weight = 10 ** ((-40 + (codes - 1) / 4) / 10) - 1e-3
        middle = np.arange(64) + 0.5
        found = (weight.sum(axis=0) @ middle / weight.sum(), weight.sum(axis=1) @ middle / weight.sum())
        (box,) = chip["objects"]
        place = ~Affine(*chip["affine"]) @ (affine @ (206, 156))
        assert np.abs(np.subtract(found, place)).max() < 0.1
        assert np.abs(np.subtract(((box["x0"] + box["x1"]) / 2, (box["y0"] + box["y1"]) / 2), place)).max() < 0.1
        labelled = np.argwhere(np.frombuffer(chip["land_cover"], np.uint8).reshape(64, 64) == 5).mean(axis=0) + 0.5
        assert np.abs(labelled[::-1] - place).max() <= 0.5  # a label is a whole pixel


def test_pixels_of_the_right_size_are_left_as_they_are(catalogue, config) -> None:
    catalogue.good()
    catalogue.ingest(config)
    native = (catalogue.outputs / "chips/good.parquet").read_bytes()
    catalogue.ingest(_with_extent(config, 641.0))
    assert (catalogue.outputs / "chips/good.parquet").read_bytes() == native
    catalogue.ingest(_with_extent(config, 1280.0, "another"))
    assert (catalogue.outputs / "chips/good.parquet").read_bytes() == native


def test_the_family_decides_before_the_platform_and_overlap_is_kept(catalogue, config) -> None:
    catalogue.good(height=256, width=256, fusar__product="umbra-gec")
    wanted = config.model_copy(update={"chip_extent_m": {"sentinel-1a": 640.0, "umbra-gec": 1280.0}, "chip_stride": 32})
    catalogue.ingest(wanted)
    assert [(chip["row"], chip["col"]) for chip in _chips(catalogue)] == [
        (r, c) for r in (0, 32, 64) for c in (0, 32, 64)
    ]


def test_amplitude_is_averaged_as_power_and_stays_amplitude(catalogue, config) -> None:
    amplitude = np.zeros((1, 128, 128), np.uint8)
    amplitude[:, ::2] = 100
    catalogue.raster("scenes/good.tif", amplitude)
    said = {"sar__polarizations": ["VV"], "fusar__quantity": "amplitude", "fusar__scale": "amplitude"}
    catalogue.item("good", **said)
    catalogue.ingest(_with_extent(config, 1280.0))
    codes = np.frombuffer(_chips(catalogue)[0]["backscatter"], np.uint8)
    # The root of the mean of 100^2 and 0 is 70.7, not 50.
    assert set(codes) <= {70, 71, 72} and np.median(codes) == 71


def test_pixels_four_times_too_coarse_are_set_aside(catalogue, config) -> None:
    catalogue.good("coarse")
    catalogue.good("other", platform="sentinel-1c")
    catalogue.ingest(_with_extent(config, 100.0))
    (aside,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert (aside["scene_id"], aside["code"]) == ("coarse", "too-coarse") and "1.56 m" in aside["reason"]


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data")
def test_world_mercator_lies_and_the_runways_of_los_angeles_do_not_move(catalogue, config) -> None:
    with rasterio.open(REAL / "sentinel1_los_angeles/los_angeles_s1_vh_mosaic.tif") as file:
        window = rasterio.windows.Window(0, 1700, 640, 640)
        pixels, affine = file.read(window=window), file.transform @ Affine.translation(0, 1700)
        catalogue.raster("scenes/la.tif", pixels, crs=file.crs, transform=affine)
    said = {"sar__polarizations": ["VH"], "fusar__quantity": "amplitude", "fusar__scale": "amplitude"}
    catalogue.item("la", fusar__simulated=False, **said)
    catalogue.ingest(_with_extent(config, 64 * 20.0))
    chips = _chips(catalogue)
    assert all(chip["spacing_m"] == pytest.approx(20, rel=1e-3) for chip in chips)  # its map says 24.1
    # The chip that holds LAX: the mean power over each of its pixels' ground, taken from the file itself.
    x, y = Transformer.from_crs(4326, 3395, always_xy=True).transform(-118.408, 33.942)
    inside = [c for c in chips if all(0 <= part < 64 for part in ~Affine(*c["affine"]) @ (x, y))]
    assert inside
    codes = np.frombuffer(inside[0]["backscatter"], np.uint8).reshape(64, 64).astype(float)
    step = 20.0 / chips[0]["spacing_m"] * inside[0]["affine"][0] / affine.a
    for row, col in ((5, 7), (40, 12), (33, 60)):
        col0, row0 = ~affine @ (Affine(*inside[0]["affine"]) @ (col, row))
        area = pixels[0, round(row0) : round(row0 + step), round(col0) : round(col0 + step)].astype(float)
        assert codes[row, col] == pytest.approx(np.sqrt(np.mean(area**2)), rel=0.25)
