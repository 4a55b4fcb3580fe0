"""The image itself: sigma nought of the ground, speckled, with noise and bright objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.simulation.conditions import NOMINAL, Conditions
from components.simulation.covers import Covers, mask_of
from components.simulation.fields import FloatArray
from components.simulation.ground import CLASSES
from components.simulation.scatterers import render
from components.simulation.sensors import Sensor
from components.simulation.sigma0 import PAVED_DB, mean_sigma0_db
from components.simulation.speckle import draw_speckle
from components.simulation.targets import Target
from components.simulation.texture import draw_texture_db

COVER_SPREAD_DB = 0.5  # standard deviation of a cover's level from scene to scene
SCENE_SPREAD_DB = 0.3  # of the whole scene: residual calibration error


@dataclass(frozen=True)
class Look:
    """How a scene is seen.

    Attributes:
        incidence_deg: incidence angle [degree].
        is_ascending: orbit direction; the radar looks right.
        tilt_rad: angle between the image's columns and the range direction.
    """

    incidence_deg: float
    is_ascending: bool
    tilt_rad: float

    @property
    def facing(self) -> float:
        """+1 where walls that face growing columns (east) shine, -1 where those that face west do."""
        return -1.0 if self.is_ascending else 1.0


def draw_look(rng: np.random.Generator, sensor: Sensor) -> Look:
    """Draw an orbit direction and an incidence angle that the sensor has."""
    is_ascending = bool(rng.integers(0, 2))
    tilt_deg = 12.0 if is_ascending else -12.0
    return Look(round(float(rng.uniform(*sensor.incidence_deg)), 2), is_ascending, float(np.deg2rad(tilt_deg)))


def draw_backscatter(
    rng: np.random.Generator,
    covers: Covers,
    targets: Sequence[Target],
    sensor: Sensor,
    look: Look,
    conditions: Conditions = NOMINAL,
) -> npt.NDArray[np.float32]:
    """Sigma nought [linear power], (P, H, W) float32 with 10 bits after the leading one (0.05 %).

    Speckle multiplies ground and receiver noise; objects are added after it, since a point does not speckle. A wrong
    calibration scales all of it, the season changes the ground alone.
    """
    labels = covers.labels
    texture_db = draw_texture_db(rng, covers)
    paved = mask_of(covers.aprons + covers.runways, labels.shape)
    cover_db = rng.normal(0, COVER_SPREAD_DB, CLASSES)
    scene_db = rng.normal(0, SCENE_SPREAD_DB)
    bands = []
    for polarization in sensor.polarizations:
        is_cross = polarization[0] != polarization[1]
        level_db = mean_sigma0_db(sensor.band, polarization, look.incidence_deg) + cover_db + scene_db
        level_db += conditions.season_db()
        ground_db = level_db[labels] + texture_db
        ground_db[paved] = PAVED_DB - (7.5 if is_cross else 0.0) + scene_db
        power = 10 ** (ground_db / 10) + 10 ** (sensor.nesz_db / 10)
        power *= draw_speckle(rng, sensor.looks, labels.shape)
        bands.append((power + render(targets, labels.shape, is_cross, look.tilt_rad)) * conditions.gain)
    return keep_ten_bits(np.stack(bands))


def keep_ten_bits(values: FloatArray) -> npt.NDArray[np.float32]:
    """Round positive numbers to 10 bits after the leading one: last bits of a library's exp then change no byte.

    The shape stays; the error is at most 0.05 % of the value.
    """
    bits = values.astype(np.float32).view(np.uint32)
    rounded: npt.NDArray[np.float32] = ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
    return rounded
