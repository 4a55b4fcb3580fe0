import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.rasters.resampling import resample_classes, resample_power, weights

NAN = np.nan


def _along(values: list[float], step: float) -> list[float]:
    """One row of pixels on the new ones; a column of one pixel stays itself."""
    new = weights(0, int(len(values) / step), step, len(values))
    row = np.array([[values[new.start : new.stop]]], np.float32)
    return [float(value) for value in resample_power(row, weights(0, 1, 1.0, 1), new)[0, 0]]


def test_pixels_that_grow_are_the_mean_power_of_what_they_cover() -> None:
    # By hand: (1 + 2 + 3/2) / 2.5 and (3/2 + 4 + 5) / 2.5.
    assert _along([1, 2, 3, 4, 5], 2.5) == pytest.approx([1.8, 4.2])
    assert _along([1, 3, 10, 20], 2) == pytest.approx([2, 15])


def test_pixels_that_shrink_are_interpolated_between_centres() -> None:
    assert _along([0, 10], 0.5) == pytest.approx([0, 2.5, 7.5, 10])


def test_nodata_is_no_number_and_a_pixel_is_one_where_half_of_it_was_measured() -> None:
    assert _along([NAN, 4, NAN, NAN, 1, 3], 2) == pytest.approx([4, NAN, 2], nan_ok=True)
    assert _along([NAN, 8], 0.5) == pytest.approx([NAN, NAN, 8, 8], nan_ok=True)


@settings(deadline=None, max_examples=60)
@given(step=st.floats(0.25, 9), first=st.integers(0, 20), tilt=st.floats(-3, 3))
def test_what_lies_at_a_place_stays_there(step: float, first: int, tilt: float) -> None:
    # Over a plane, the value of a pixel tells the place of its centre, so an error of place is an error of value.
    length = 400
    new = weights(first, first + 20, step, length)
    along = np.arange(new.start, new.stop) + 0.5
    plane = (1000 + along[:, None] + tilt * along[None, :]).astype(np.float32)[None]
    centres = (np.arange(first, first + 20) + 0.5) * step
    expected = 1000 + centres[:, None] + tilt * centres[None, :]
    inner = (centres > 0.5)[:, None] & (centres > 0.5)[None, :]  # half a pixel at the edge cannot be interpolated
    difference = resample_power(plane, new, new)[0] - expected
    assert np.abs(difference[inner]).max() < (0.1 * step if step >= 1.25 else 1e-3) * (1 + abs(tilt))


def test_the_class_that_covers_most_of_a_pixel_wins_and_unknown_is_none() -> None:
    codes = np.array([[1, 1, 2, 0, 0, 0], [1, 2, 2, 3, 0, 3]], np.uint8)
    new = weights(0, 3, 2, 6), weights(0, 1, 2, 2)
    np.testing.assert_array_equal(resample_classes(codes, (1, 2, 3), new[1], new[0]), [[1, 2, 0]])
