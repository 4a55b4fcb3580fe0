import numpy as np

from components.records.backscatter import FIRST_CODE_DB, STEP_DB, decode_decibels, encode_decibels


def test_quantising_errs_by_at_most_half_a_step() -> None:
    decibels = np.linspace(-40.0, 23.5, 10_001, dtype=np.float32)
    assert np.abs(decode_decibels(encode_decibels(decibels)) - decibels).max() <= STEP_DB / 2 + 1e-5


def test_nodata_stays_nodata_and_is_never_a_number() -> None:
    codes = encode_decibels(np.array([np.nan, np.inf, -np.inf, -12.0]))
    np.testing.assert_array_equal(codes == 0, [True, True, True, False])
    assert np.isnan(decode_decibels(codes)[:3]).all()


def test_values_beyond_the_scale_are_clipped_to_its_ends() -> None:
    np.testing.assert_array_equal(encode_decibels(np.array([-90.0, 60.0])), [1, 255])
    assert decode_decibels(np.array([1], np.uint8))[0] == FIRST_CODE_DB
