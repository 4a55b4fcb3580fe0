import numpy as np
import pytest
from scipy import stats

from components.simulation.backscatter import Look, draw_backscatter
from components.simulation.covers import Covers, Streets
from components.simulation.sensors import SENSORS
from components.simulation.speckle import draw_speckle


@pytest.mark.parametrize("looks", [1.0, 3.2, 4.4, 16.0])
def test_speckle_has_mean_one_and_the_looks_it_was_asked_for(looks):
    intensity = draw_speckle(np.random.default_rng(3), looks, (1000, 1000))
    assert intensity.mean() == pytest.approx(1.0, abs=0.005)
    assert intensity.mean() ** 2 / intensity.var() == pytest.approx(looks, rel=0.01)


@pytest.mark.parametrize("looks", [1.0, 4.4])
def test_speckle_follows_the_gamma_distribution(looks):
    intensity = draw_speckle(np.random.default_rng(5), looks, (300, 300)).ravel()
    distance = stats.kstest(intensity, stats.gamma(looks, scale=1 / looks).cdf).statistic
    assert distance < 1.63 / np.sqrt(intensity.size)  # the 1 % point of Kolmogorov's statistic


@pytest.mark.parametrize("instrument", SENSORS, ids=lambda sensor: sensor.key)
def test_calm_water_shows_the_sensors_equivalent_number_of_looks(instrument):
    covers = Covers(np.full((256, 256), 1, dtype=np.uint8), Streets(0.0, 20.0))
    image = draw_backscatter(np.random.default_rng(2), covers, [], instrument, Look(36.0, True, 0.2))[0]
    blocks = image.astype(np.float64).reshape(32, 8, 32, 8)  # small against the wind's 30 pixels
    looks = (blocks.mean((1, 3)) ** 2).mean() / blocks.var((1, 3), ddof=1).mean()
    assert looks == pytest.approx(instrument.looks, rel=0.06)
