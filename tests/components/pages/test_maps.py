"""The map of footprints: no sensor hides another that saw the same place."""

import io

import numpy as np
import pytest
from matplotlib import colors
from PIL import Image

from components.pages.maps import Footprint, footprint_png
from components.pages.plots import COLOURS


@pytest.mark.parametrize("sensors", [2, 3, 5])
def test_sensors_at_one_place_are_all_to_be_seen(sensors: int) -> None:
    at_one_place = [Footprint(8.5, 53.4, 8.6, 53.5, "test", f"sensor {number}") for number in range(sensors)]
    apart = Footprint(20.0, 60.0, 20.1, 60.1, "test", "sensor 0")  # the first is the commonest, and lies lowest
    with Image.open(io.BytesIO(footprint_png([*at_one_place, apart]))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # The legend takes the lower left quarter; markers of the shared place lie right of it.
    drawn = pixels[:, pixels.shape[1] // 3 :]
    for rank in range(sensors):
        wanted = (np.array(colors.to_rgb(COLOURS[rank])) * 255).round()
        assert (np.abs(drawn - wanted).max(axis=-1) < 12).sum() >= 3, f"sensor {rank} is hidden"
