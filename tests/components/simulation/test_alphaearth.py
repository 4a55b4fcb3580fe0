import numpy as np
import pytest
import rasterio

from components.geography.alphaearth import dequantise
from components.simulation.alphaearth import BANDS, COAST_REACH_M, draw_alphaearth, prototypes, quantise
from components.simulation.grid import alphaearth_grid, scene_grid


def labels_with_shore(column: int) -> np.ndarray:
    labels = np.full((128, 128), 1, dtype=np.uint8)
    labels[:, :column] = 3
    return labels


def draw(labels: np.ndarray, spacing_m: float = 10.0) -> tuple[np.ndarray | None, object]:
    scene = scene_grid(10.3, 57.1, spacing_m, labels.shape[0])
    tile = alphaearth_grid(scene)
    return draw_alphaearth(np.random.default_rng(0), labels, scene, tile), tile


def test_vectors_have_unit_length_after_the_real_dequantisation():
    codes, _ = draw(np.full((128, 128), 2, dtype=np.uint8))
    assert codes is not None
    lengths = np.linalg.norm(dequantise(codes), axis=0)
    assert lengths.min() > 0.985 and lengths.max() < 1.015


def test_quantising_errs_by_less_than_one_code():
    values = np.linspace(-0.95, 0.95, 999)
    codes = quantise(values).astype(np.float64)
    again = np.sign(codes) * (np.abs(codes) / 127.5) ** 2
    assert np.abs(again - values).max() < 1 / 127.5


def test_water_near_land_has_vectors_and_open_sea_has_none():
    codes, _ = draw(labels_with_shore(40))
    assert codes is not None
    is_missing = (codes == -128).all(axis=0)
    assert is_missing.any(axis=0).argmax() == pytest.approx(40 + COAST_REACH_M / 10, abs=2)
    assert ((codes == -128).any(axis=0) == is_missing).all()


def test_a_scene_of_open_sea_has_no_embedding_at_all():
    codes, _ = draw(np.full((64, 64), 1, dtype=np.uint8))
    assert codes is None


@pytest.mark.parametrize("spacing_m", [10.0, 3.0, 1.0])
def test_a_tile_covers_its_scene_bottom_up_on_the_ten_metre_grid(spacing_m):
    scene = scene_grid(-70.3, -50.2, spacing_m, 192)
    tile = alphaearth_grid(scene)
    assert (tile.affine.a, tile.affine.e) == (10.0, 10.0)
    assert tile.affine.c % 10 == 0 and tile.affine.f % 10 == 0
    left, top = scene.affine @ (0, 0)
    right, bottom = scene.affine @ (192, 192)
    assert tile.affine.c <= left and tile.affine.f <= bottom
    east, north = tile.affine @ (tile.width, tile.height)
    assert east >= right and north >= top


@pytest.mark.parametrize("spacing_m", [10.0, 3.0])
def test_rows_run_north_and_each_vector_lies_on_its_own_cover(spacing_m):
    labels = np.full((192, 192), 3, dtype=np.uint8)
    labels[:64] = 2  # the north
    codes, tile = draw(labels, spacing_m)
    vectors = dequantise(codes).transpose(1, 2, 0)
    nearest = (vectors @ prototypes().T).argmax(axis=2)
    edge = tile.height * 2 // 3
    assert (nearest[edge + 3 :] == 2).mean() > 0.95
    assert (nearest[: edge - 3] == 3).mean() > 0.95


def test_the_file_on_disk_is_bottom_up_int8_with_its_bands_named(tiny_scenes):
    paths = [written.alphaearth for written in tiny_scenes if written.alphaearth]
    assert len(paths) >= 10
    for path in paths:
        with rasterio.open(path) as source:
            assert source.transform.e == 10.0
            assert (source.count, source.dtypes[0], source.nodata) == (BANDS, "int8", -128)
            assert (source.descriptions[0], source.descriptions[63]) == ("A00", "A63")
