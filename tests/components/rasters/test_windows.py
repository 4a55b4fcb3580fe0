import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from components.rasters.windows import affine_at, cut, offsets

LENGTHS = st.integers(1, 3000)
SIZES = st.sampled_from([16, 64, 100])
STRIDES = st.integers(1, 100)


@given(LENGTHS, SIZES, STRIDES)
def test_windows_lie_inside_and_where_they_do_not_skip_they_cover_every_pixel(
    length: int, size: int, stride: int
) -> None:
    starts = offsets(length, size, min(stride, size))
    assert bool(starts) == (length >= size)
    covered = np.zeros(length, bool)
    for start in starts:
        assert 0 <= start <= length - size
        covered[start : start + size] = True
    assert covered.all() or not starts
    assert len(set(starts)) == len(starts)


def test_a_cut_is_the_window_and_shares_no_memory() -> None:
    pixels = np.arange(2 * 100 * 90, dtype=np.uint8).reshape(2, 100, 90)
    chip = cut(pixels, 30, 20, 16)
    np.testing.assert_array_equal(chip, pixels[:, 30:46, 20:36])
    assert not np.shares_memory(chip, pixels)


def test_the_affine_of_a_window_keeps_the_rotation_and_moves_the_origin() -> None:
    affine = Affine(-0.143, -0.57678, 337934.48, -0.57678, 0.143, 7840518.46)
    moved = affine_at(affine, row=700, col=1300)
    assert (moved.a, moved.b, moved.d, moved.e) == (affine.a, affine.b, affine.d, affine.e)
    np.testing.assert_allclose(moved @ (0, 0), affine @ (1300, 700))
