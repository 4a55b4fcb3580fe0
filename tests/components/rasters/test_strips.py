from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.rasters.calibration import Coding, read_codes
from components.rasters.errors import TruncatedRaster, WrongScale
from components.rasters.grids import grid_of
from components.rasters.opening import open_raster
from components.rasters.strips import code_strips

LAYOUTS = [
    {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"},
    {"tiled": True, "blockxsize": 1024, "blockysize": 1024, "compress": "zstd", "interleave": "band"},
    {"blockysize": 7},
    {},
]


def _write(path: Path, pixels: np.ndarray, **layout) -> Path:
    bands, height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=height, width=width, dtype=pixels.dtype,
        crs="EPSG:32631", transform=Affine(10, 0, 5e5, 0, -10, 48e5), **layout,
    ) as sink:  # fmt: skip
        sink.write(pixels)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strips_are_every_row_once_whatever_the_layout_and_the_threads(
    tmp_path: Path, layout: dict, monkeypatch
) -> None:
    monkeypatch.setattr("components.rasters.strips._MOST_BYTES", 200_000)  # several pieces a strip
    numbers = np.random.default_rng(1).integers(0, 65535, (2, 1100, 300), np.uint16)
    path = _write(tmp_path / "scene.tif", numbers, **layout)
    coding = Coding("dn", (-83.0, -80.0))
    with open_raster(path) as raster:
        strips = list(code_strips(raster, grid_of(raster), coding, 3))
        expected = read_codes(raster, "dn", dn_offset_db=coding.dn_offset_db)
    assert [strip.row for strip in strips] == list(np.cumsum([0, *(s.codes.shape[1] for s in strips[:-1])]))
    np.testing.assert_array_equal(np.concatenate([strip.codes for strip in strips], axis=1), expected)


def test_pixels_of_three_by_three_are_their_mean_power_in_every_piece(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("components.rasters.strips._MOST_BYTES", 100_000)
    power = np.random.default_rng(2).exponential(0.1, (1, 900, 303)).astype(np.float32)
    with open_raster(_write(tmp_path / "scene.tif", power)) as raster:
        grid = grid_of(raster, 3, 3)
        strips = list(code_strips(raster, grid, Coding("linear"), 2))
    decibels = 10 * np.log10(power.reshape(300, 3, 101, 3).mean(axis=(1, 3)))
    codes = np.concatenate([strip.codes for strip in strips], axis=1)[0]
    assert codes.shape == (grid.height, grid.width) == (300, 101)
    assert np.abs(-40 + (codes.astype(float) - 1) / 4 - decibels).max() <= 0.125 + 1e-4
    assert tuple(grid.affine)[:6] == (30, 0, 5e5, 0, -30, 48e5)


def test_a_scale_is_judged_by_the_whole_scene_and_not_by_its_darkest_strip(tmp_path: Path) -> None:
    power = np.full((1, 1500, 64), 0.1, np.float32)
    power[:, :512] = -1e-4  # thermal noise was taken off a calm sea
    with open_raster(_write(tmp_path / "dark.tif", power)) as raster:
        assert sum(s.codes.shape[1] for s in code_strips(raster, grid_of(raster), Coding("linear"), 1)) == 1500
    power[:, :1200] = -1e-4
    with open_raster(_write(tmp_path / "wrong.tif", power)) as raster, pytest.raises(WrongScale, match="80%"):
        list(code_strips(raster, grid_of(raster), Coding("linear"), 1))


def test_damage_that_a_thread_meets_is_the_caller_s_error(tmp_path: Path) -> None:
    path = _write(tmp_path / "scene.tif", np.random.default_rng(3).random((1, 1024, 512)), **LAYOUTS[0])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    path.write_bytes(content)
    with open_raster(path) as raster, pytest.raises(TruncatedRaster):
        list(code_strips(raster, grid_of(raster), Coding("linear"), 2))
