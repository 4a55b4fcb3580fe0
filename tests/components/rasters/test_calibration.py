from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.rasters.calibration import Scale, check_bands, read_codes, to_decibels
from components.rasters.errors import WrongPolarization, WrongSampleType, WrongScale
from components.rasters.opening import open_raster
from components.records.backscatter import STEP_DB, decode_decibels


def _write(path: Path, pixels: np.ndarray, nodata: float | None = None) -> Path:
    bands, height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=height, width=width, dtype=pixels.dtype, nodata=nodata,
        crs="EPSG:32631", transform=Affine(10, 0, 5e5, 0, -10, 48e5),
    ) as sink:  # fmt: skip
        sink.write(pixels)
    return path


def _codes(path: Path, scale: Scale) -> np.ndarray:
    with open_raster(path) as raster:
        return read_codes(raster, scale)


def test_to_decibels_keeps_nodata_missing_instead_of_flooring_it() -> None:
    power = np.array([1.0, 0.1, 0.0, -1.0, np.nan], np.float32)
    np.testing.assert_allclose(to_decibels(power), [0.0, -10.0, np.nan, np.nan, np.nan], atol=1e-5)


def test_linear_power_and_its_decibels_give_the_same_codes(tmp_path: Path) -> None:
    # Off the edges between two codes, where one rounding error more would decide.
    decibels = (np.arange(-160, 80, dtype=np.float32) * STEP_DB + 0.05).reshape(1, 12, 20)
    power = _write(tmp_path / "power.tif", 10 ** (decibels / 10))
    kept = _write(tmp_path / "decibels.tif", decibels)
    np.testing.assert_array_equal(_codes(power, "linear"), _codes(kept, "decibel"))
    assert np.abs(decode_decibels(_codes(kept, "decibel")) - decibels).max() <= STEP_DB / 2


@pytest.mark.parametrize("nodata", [-99.0, float("nan"), -3.4028234663852886e38])
def test_declared_nodata_nan_and_infinity_become_code_0(tmp_path: Path, nodata: float) -> None:
    decibels = np.full((1, 16, 16), -10, np.float32)
    decibels[0, 0, :3] = [nodata, np.nan, np.inf]
    codes = _codes(_write(tmp_path / "gaps.tif", decibels, nodata), "decibel")
    assert (codes[0, 0, :3] == 0).all() and (codes.reshape(-1)[3:] > 0).all()


def test_amplitude_stays_the_product_s_own_and_its_dark_pixels_stay_valid(tmp_path: Path) -> None:
    amplitude = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    codes = _codes(_write(tmp_path / "amplitude.tif", amplitude), "amplitude")
    assert codes[0, 0, 0] == 1
    np.testing.assert_array_equal(codes.reshape(-1)[1:], amplitude.reshape(-1)[1:])
    assert _codes(_write(tmp_path / "nodata.tif", amplitude, nodata=0), "amplitude")[0, 0, 0] == 0


def test_decibels_declared_as_linear_power_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "decibels.tif", np.full((1, 16, 16), -12.0, np.float32))
    with pytest.raises(WrongScale, match="100% of its values"):
        _codes(path, "linear")


def test_a_display_stretch_declared_as_decibels_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "stretch.tif", np.full((1, 16, 16), 120.0, np.float32))
    with pytest.raises(WrongScale):
        _codes(path, "decibel")


def test_bands_and_sample_types_must_fit_the_declaration(tmp_path: Path) -> None:
    power = _write(tmp_path / "power.tif", np.ones((1, 16, 16), np.float32))
    stretch = _write(tmp_path / "stretch.tif", np.ones((1, 16, 16), np.uint8))
    complex_samples = _write(tmp_path / "complex.tif", np.ones((1, 16, 16), np.complex64))
    with open_raster(power) as raster:
        check_bands(raster, ["VV"], "linear")
        with pytest.raises(WrongPolarization, match="1 bands, but its item declares VV, VH"):
            check_bands(raster, ["VV", "VH"], "linear")
        with pytest.raises(WrongSampleType):
            check_bands(raster, ["VV"], "amplitude")
    for path in (stretch, complex_samples):
        with open_raster(path) as raster, pytest.raises(WrongSampleType):
            check_bands(raster, ["VV"], "decibel")


def test_digital_numbers_are_twenty_times_their_logarithm_plus_the_offset_of_their_band(tmp_path: Path) -> None:
    # By hand: 20 log10(4467) - 83 = -10.0 dB is code 121; 20 log10(1000) - 80 = -20 dB is code 81; 20 log10(1) - 83 is
    # below the scale: code 1.
    numbers = np.array([[[4467, 1, 0, 65535]], [[1000, 10000, 0, 65535]]], np.uint16)
    path = _write(tmp_path / "numbers.tif", numbers, nodata=65535)
    with open_raster(path) as raster:
        check_bands(raster, ["VV", "VH"], "dn")
        codes = read_codes(raster, "dn", dn_offset_db=(-83.0, -80.0))
    np.testing.assert_array_equal(codes, [[[121, 1, 0, 0]], [[81, 161, 0, 0]]])


def test_eight_bits_and_undeclared_nodata_are_digital_numbers_too(tmp_path: Path) -> None:
    path = _write(tmp_path / "bytes.tif", np.array([[[100, 255, 0, 1]]], np.uint8))
    with open_raster(path) as raster:
        check_bands(raster, ["VV"], "dn")
        codes = read_codes(raster, "dn", dn_offset_db=[-50.0])
    # 40 - 50 = -10 dB; 48.13 - 50 = -1.87 dB, nearest -1.75 is 154; -50 dB is below the scale.
    np.testing.assert_array_equal(codes, [[[121, 154, 0, 1]]])


def test_an_offset_that_no_product_could_have_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "numbers.tif", np.full((1, 16, 16), 4467, np.uint16))
    with open_raster(path) as raster, pytest.raises(WrongScale, match="100% of its values"):
        read_codes(raster, "dn", dn_offset_db=[0.0])
    with open_raster(path) as raster, pytest.raises(WrongSampleType, match="needs float32 or float64"):
        check_bands(raster, ["VV"], "linear")
    signed = _write(tmp_path / "signed.tif", np.ones((1, 16, 16), np.int16))
    with open_raster(signed) as raster, pytest.raises(WrongSampleType, match="needs uint8 or uint16"):
        check_bands(raster, ["VV"], "dn")
