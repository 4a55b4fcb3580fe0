"""Values that betray another scale than the claimed one, or bands in another order."""

import numpy as np
import pytest

from components.rasters.calibration import Coding
from components.rasters.errors import SwappedPolarizations, UnlikelyValues
from components.rasters.opening import open_raster
from components.rasters.plausibility import check_plausible
from tests.components.catalog.conftest import ramp
from tests.components.rasters.conftest import write

POWER = (10 ** (ramp() / 10)).astype(np.float32)
STRETCH = np.random.default_rng(3).integers(9, 255, (1, 128, 128)).astype(np.float32)


@pytest.mark.parametrize(
    ("pixels", "scale", "said"),
    [
        (STRETCH, "decibel", "a display stretch"),
        (STRETCH, "linear", "a display stretch"),
        (POWER, "decibel", "nowhere below 0"),
        (POWER, "linear", None),
        (ramp(), "decibel", None),
        (np.rint(ramp()), "decibel", None),  # decibels may be kept as whole numbers
        (np.full((1, 128, 128), 7, np.float32), "decibel", None),
    ],
)
def test_display_stretches_and_linear_power_are_no_decibels(tmp_path, pixels, scale, said) -> None:
    with open_raster(write(tmp_path / "a.tif", pixels, nodata=-99)) as raster:
        if said is None:
            check_plausible(raster, ["VV"], Coding(scale))
        else:
            with pytest.raises(UnlikelyValues, match=said):
                check_plausible(raster, ["VV"], Coding(scale))


RAMPS = np.stack([ramp()[0], ramp()[0] - 3, ramp()[0] + 0.4])
IN_ORDER, SWAPPED, IN_NOISE = RAMPS[[0, 1]], RAMPS[[1, 0]], RAMPS[[0, 2]]
NUMBERS = np.rint(10 ** ((SWAPPED + 83) / 20)).astype(np.uint16)


@pytest.mark.parametrize(
    ("pixels", "names", "coding", "is_refused"),
    [
        (IN_ORDER, ["VV", "VH"], Coding("decibel"), False),
        (SWAPPED, ["VV", "VH"], Coding("decibel"), True),
        (SWAPPED, ["HH", "HV"], Coding("decibel"), True),
        (SWAPPED, ["VH", "VV"], Coding("decibel"), False),
        (SWAPPED, ["VV", "HH"], Coding("decibel"), False),
        (SWAPPED, ["VV", "HV"], Coding("decibel"), False),  # sent one way each: nothing says which is brighter
        (IN_NOISE, ["VV", "VH"], Coding("decibel"), False),
        (10 ** (SWAPPED / 10), ["VV", "VH"], Coding("linear"), True),
        (NUMBERS, ["VV", "VH"], Coding("dn", (-83.0, -83.0)), True),
        (NUMBERS, ["VV", "VH"], Coding("dn", (-80.0, -84.0)), False),
    ],
)
def test_a_cross_polarised_channel_is_not_the_brighter_one(tmp_path, pixels, names, coding, is_refused) -> None:
    with open_raster(write(tmp_path / "a.tif", pixels, nodata=0)) as raster:
        if is_refused:
            with pytest.raises(SwappedPolarizations, match=f"its {names[1]} is 3.0 dB brighter than its {names[0]}"):
                check_plausible(raster, names, coding)
        else:
            check_plausible(raster, names, coding)


def test_amplitudes_of_two_channels_are_not_compared(tmp_path) -> None:
    pixels = np.stack([np.full((64, 64), 9, np.uint8), np.full((64, 64), 200, np.uint8)])
    with open_raster(write(tmp_path / "a.tif", pixels)) as raster:
        check_plausible(raster, ["VV", "VH"], Coding("amplitude"))
