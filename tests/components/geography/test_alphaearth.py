import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from components.geography.alphaearth import BANDS, NODATA, anchor_year, cell_means, cell_samples, dequantise

UTM = "EPSG:32616"


def _tile(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-86, 79, (BANDS, height, width)).astype(np.int8)


def _means(
    tile: np.ndarray, tile_affine: Affine, chip_affine: Affine, size: int = 64, grid: int = 4, min_area: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    cols, rows = cell_samples([chip_affine], size, grid, (UTM, UTM), tile_affine)
    vectors, valid = cell_means(tile, cols, rows, min_area)
    return vectors[0], valid[0]


def test_dequantise_follows_the_published_formula_and_masks_minus_128_first() -> None:
    quantised = np.array([-128, -127, -86, 0, 1, 127], np.int8)
    expected = [np.nan, -((127 / 127.5) ** 2), -((86 / 127.5) ** 2), 0, (1 / 127.5) ** 2, (127 / 127.5) ** 2]
    np.testing.assert_allclose(dequantise(quantised), expected, rtol=1e-6)


def test_a_cell_is_the_mean_of_its_tile_pixels_made_unit_length() -> None:
    tile = _tile(64, 64)
    affine = Affine(10, 0, 4e5, 0, -10, 49e5)
    vectors, valid = _means(tile, affine, affine)
    blocks = dequantise(tile).reshape(BANDS, 4, 16, 4, 16).mean(axis=(2, 4)).transpose(1, 2, 0)
    expected = blocks / np.linalg.norm(blocks, axis=-1, keepdims=True)
    assert valid.all()
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_bottom_up_tile_gives_the_same_vectors_as_the_same_tile_north_up() -> None:
    tile = _tile(70, 66)
    north_up = Affine(10, 0, 4e5, 0, -10, 49e5)
    bottom_up = Affine(10, 0, 4e5, 0, 10, 49e5 - 700)
    chip = Affine(10, 0, 4e5 + 13, 0, -10, 49e5 - 17)
    for one, two in zip(_means(tile, north_up, chip), _means(tile[:, ::-1], bottom_up, chip), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_fine_chips_share_a_tile_pixel_by_area() -> None:
    # Cells of 16 m over pixels of 10 m: the first takes 10 m of pixel 0 and 6 m of pixel 1, on both axes.
    tile = np.zeros((BANDS, 8, 8), np.int8)
    for i in range(8):
        tile[i, :, i] = 100
    chip = Affine(1, 0, 4e5, 0, -1, 49e5)
    vectors, valid = _means(tile, Affine(10, 0, 4e5, 0, -10, 49e5), chip)
    weights = np.zeros(BANDS)
    weights[:2] = 10, 6
    assert valid.all()
    # Eight sample points along a cell's side part 16 m into 10 and 6 exactly.
    np.testing.assert_allclose(vectors[0, 0], weights / np.linalg.norm(weights), atol=1e-6)


@pytest.mark.parametrize(("masked_columns", "is_valid"), [(7, True), (8, True), (9, False)])
def test_a_cell_is_valid_if_at_least_half_its_area_is(masked_columns: int, is_valid: bool) -> None:
    tile = _tile(64, 64)
    tile[:, :, :masked_columns] = NODATA
    affine = Affine(10, 0, 4e5, 0, -10, 49e5)
    vectors, valid = _means(tile, affine, affine)
    assert (valid[:, 0] == is_valid).all() and valid[:, 1:].all()
    assert np.isfinite(vectors).all() and (is_valid or (vectors[:, 0] == 0).all())


def test_masked_pixels_never_reach_a_mean() -> None:
    tile = np.full((BANDS, 64, 64), 90, np.int8)
    tile[:, ::3] = NODATA
    affine = Affine(10, 0, 4e5, 0, -10, 49e5)
    vectors, valid = _means(tile, affine, affine)
    assert valid.all()
    np.testing.assert_allclose(vectors, 1 / 8, atol=1e-6)


@given(st.floats(0, 360), st.floats(1, 12), st.floats(-900, 900), st.floats(-900, 900))
def test_vectors_are_unit_length_or_zero_wherever_the_chip_lies(
    angle: float, step: float, east: float, north: float
) -> None:
    chip = Affine.translation(4e5 + east, 49e5 + north) @ Affine.rotation(angle) @ Affine.scale(step, -step)
    vectors, valid = _means(_tile(40, 40), Affine(10, 0, 4e5, 0, -10, 49e5), chip)
    length = np.linalg.norm(vectors, axis=-1)
    np.testing.assert_allclose(length[valid], 1, atol=1e-5)
    assert (length[~valid] == 0).all()


def test_a_chip_in_another_zone_finds_the_same_ground() -> None:
    tile_affine = Affine(10, 0, 4e5, 0, -10, 49e5)
    tile = np.repeat(np.arange(-60, 60, dtype=np.int8)[None, None, :], BANDS, axis=0).repeat(120, axis=1)
    from pyproj import Transformer

    x, y = Transformer.from_crs(UTM, "EPSG:32615", always_xy=True).transform(4e5 + 600, 49e5 - 600)
    cols, rows = cell_samples([Affine(1, 0, x - 32, 0, -1, y + 32)], 64, 4, ("EPSG:32615", UTM), tile_affine)
    assert abs(cols.mean() - 60) < 0.05 and abs(rows.mean() - 60) < 0.05
    assert cell_means(tile, cols, rows, 0.5)[1].all()


def test_the_anchor_s_year_is_the_acquisition_s_or_the_first_that_exists() -> None:
    assert [anchor_year(year) for year in (2015, 2017, 2023)] == [2017, 2017, 2023]
