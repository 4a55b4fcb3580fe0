import pickle

import numpy as np
import pytest

from components.networks.errors import MixedChipSizes
from components.networks.packing import pack_planes


def chip(chip_id, codes, polarizations):
    height, width = codes.shape[1:]
    known = {"chip_id": chip_id, "height": height, "width": width, "polarizations": polarizations}
    return {**known, "backscatter": codes.tobytes()}


def test_planes_stand_in_the_order_co_then_cross_whatever_the_scene_s_order_and_an_absent_one_is_nodata():
    both = np.stack([np.full((4, 6), 9, np.uint8), np.full((4, 6), 5, np.uint8)])
    packed = pack_planes([chip("a", both, ["VH", "VV"]), chip("b", both[:1], ["HH"])])
    assert packed.shape == (2, 2, 4, 6)
    assert packed[:, :, 0, 0].tolist() == [[5, 9], [9, 0]]


def test_chips_of_two_sizes_are_refused_by_name():
    one, other = np.ones((1, 4, 4), np.uint8), np.ones((1, 4, 8), np.uint8)
    with pytest.raises(MixedChipSizes, match=r"chip b: is \(4, 8\) pixels.*ingest\.chip_size") as caught:
        pack_planes([chip("a", one, ["VV"]), chip("b", other, ["VV"])])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_no_chips_pack_to_an_empty_tensor():
    assert pack_planes([]).shape == (0, 2, 0, 0)
