"""What makes a cover look like itself: fields and furrows, streets, wind on water, crowns of trees."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from components.simulation.covers import BARE, BUILT, CROPLAND, GRASSLAND, TREES, WATER, Covers, Streets
from components.simulation.fields import FloatArray, rotated_coordinates, smooth_field

ROAD_DB = -5.0
STREET_DB = -7.0
STREET_SHARE = 0.22


def draw_texture_db(rng: np.random.Generator, covers: Covers) -> FloatArray:
    """Deviation [dB] of the ground from its cover's mean, (H, W); about zero on average within every cover.

    Args:
        rng: source of randomness.
        covers: the land cover.
    """
    labels = covers.labels
    shape = labels.shape
    present = {int(code) for code in np.unique(labels)}
    texture = np.zeros(shape)
    parts: dict[int, Callable[[], FloatArray]] = {
        WATER: lambda: 0.5 * smooth_field(rng, shape, 30),
        TREES: lambda: 0.7 * smooth_field(rng, shape, 12) + 1.3 * smooth_field(rng, shape, 1.3),
        CROPLAND: lambda: _fields_db(rng, shape),
        GRASSLAND: lambda: 0.5 * smooth_field(rng, shape, 15),
        BUILT: lambda: _streets_db(rng, shape, covers.streets),
        BARE: lambda: 0.8 * smooth_field(rng, shape, 20),
    }
    for code, draw in parts.items():
        if code in present:
            inside = labels == code
            texture[inside] = draw()[inside]
    land = labels != WATER
    texture[_roads(rng, shape) & land] = ROAD_DB
    return texture


def _fields_db(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Rectangular parcels of their own brightness, with furrows along them."""
    along, across = rotated_coordinates(shape, rng.uniform(0, np.pi))
    strip_px = rng.uniform(16, 26)
    strips = np.floor(across / strip_px).astype(np.intp)
    strips -= strips.min()
    shifts = rng.uniform(0, 1, strips.max() + 1)
    parcels = np.floor(along / (strip_px * 1.7) + shifts[strips]).astype(np.intp)
    parcels -= parcels.min()
    level: FloatArray = np.clip(rng.normal(0, 0.8, (strips.max() + 1, parcels.max() + 1)), -1.6, 1.6)[strips, parcels]
    furrows = 1.8 * np.sin(2 * np.pi * across / rng.uniform(4.0, 5.5))
    level += furrows
    return level


def _streets_db(rng: np.random.Generator, shape: tuple[int, int], streets: Streets) -> FloatArray:
    """A street grid, dark between rough blocks; the mean power over the grid is that of the cover."""
    along, across = rotated_coordinates(shape, streets.angle_rad)
    block_px = streets.block_px
    half_px = max(1.6, STREET_SHARE / 2 * block_px) / 2
    paved = np.minimum(_from_street(along, block_px), _from_street(across, block_px)) < half_px
    rough = 1.8 * smooth_field(rng, shape, 1.2)
    power = np.where(paved, 10 ** (STREET_DB / 10), 10 ** (rough / 10))
    streets_db: FloatArray = 10 * np.log10(power / power.mean())
    return streets_db


def _from_street(offset: FloatArray, block_px: float) -> FloatArray:
    nearest: FloatArray = np.abs(np.mod(offset + block_px / 2, block_px) - block_px / 2)
    return nearest


def _roads(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """None to two straight roads, about two pixels wide."""
    roads = np.zeros(shape, dtype=bool)
    for _ in range(int(rng.integers(0, 3))):
        _, across = rotated_coordinates(shape, rng.uniform(0, np.pi))
        roads |= np.abs(across - rng.uniform(-0.4, 0.4) * shape[0]) < 1.1
    return roads
