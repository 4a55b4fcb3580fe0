import numpy as np
import pytest
import torch

from components.networks.channels import channels, normalise, select_planes
from components.networks.errors import BadChip
from components.records.backscatter import encode_decibels


def codes_of(*decibels: float) -> torch.Tensor:
    planes = [np.full((4, 4), value, dtype=np.float32) for value in decibels]
    return torch.from_numpy(encode_decibels(np.stack(planes)))[None]


def test_the_middle_of_each_scale_is_zero_and_one_spread_above_it_is_one():
    np.testing.assert_allclose(channels(codes_of(-12.0, -19.0), ("VV", "VH"))[0, :, 0, 0], [0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(channels(codes_of(-4.0, -11.0), ("HH", "HV"))[0, :, 0, 0], [1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(channels(codes_of(-12.0, -24.0), ("VV", "VH"))[0, 2, 0, 0], 1.0, atol=1e-6)


def test_nodata_is_zero_in_every_channel_that_needs_it():
    codes = codes_of(-4.0, -11.0)
    codes[0, 1, 2, 2] = 0
    seen = channels(codes, ("VV", "VH"))[0, :, 2, 2]
    assert seen[0] == pytest.approx(1.0) and seen[1] == 0 and seen[2] == 0


def test_an_absent_cross_polarisation_gives_two_planes_of_zeros():
    seen = channels(codes_of(-4.0), ("VV",))
    assert seen.shape == (1, 3, 4, 4) and torch.count_nonzero(seen[:, 1:]) == 0


def test_planes_are_found_by_name_not_by_order():
    codes = codes_of(-11.0, -4.0)
    assert torch.equal(channels(codes, ("VH", "VV")), channels(codes.flip(1), ("VV", "VH")))


def test_a_chip_keeps_its_bytes_until_it_is_normalised():
    planes = select_planes(codes_of(-4.0, -11.0), ("VV", "VH"))
    assert planes.dtype == torch.uint8 and normalise(planes).dtype == torch.float32


@pytest.mark.parametrize("names", [("VV",), ("XX", "YY")])
def test_planes_without_a_known_name_are_refused(names):
    with pytest.raises(BadChip):
        channels(codes_of(-4.0, -11.0), names)
