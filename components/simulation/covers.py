"""Land-cover maps: water first, then patches of land in the shares of the real ground, then airports."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.simulation.fields import FloatArray, rotated_coordinates, smooth_field
from components.simulation.ground import Ground

WATER, TREES, CROPLAND, GRASSLAND, BUILT, BARE = 1, 2, 3, 4, 5, 6
LAND_CODES = (TREES, CROPLAND, GRASSLAND, BUILT, BARE)
PATCH_PX = 26.0  # correlation length of land patches: a chip of 64 px holds one to three of them
LEAST_SHARE = 0.03


@dataclass(frozen=True)
class Strip:
    """A river: water between two winding banks.

    Attributes:
        angle_rad: direction in which it flows.
        width_px: from bank to bank.
        swing_px: amplitude of its bends.
        wave_px: length of its bends.
        phase_rad: where the bends begin.
    """

    angle_rad: float
    width_px: float
    swing_px: float
    wave_px: float
    phase_rad: float

    def middle(self, along: FloatArray) -> FloatArray:
        """Offset of the river's middle line across its direction [pixel]; the shape of `along` [pixel]."""
        return self.swing_px * np.sin(2 * np.pi * along / self.wave_px + self.phase_rad)


@dataclass(frozen=True)
class Box:
    """A turned rectangle in scene pixels: centre, full length and width, direction of its long side."""

    col: float
    row: float
    length_px: float
    width_px: float
    angle_rad: float

    def holds(self, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Mask (H, W) of the pixels whose centres lie inside."""
        rows, cols = np.mgrid[: shape[0], : shape[1]].astype(np.float64) + 0.5
        along = (cols - self.col) * np.cos(self.angle_rad) + (rows - self.row) * np.sin(self.angle_rad)
        across = -(cols - self.col) * np.sin(self.angle_rad) + (rows - self.row) * np.cos(self.angle_rad)
        inside: npt.NDArray[np.bool_] = (np.abs(along) <= self.length_px / 2) & (np.abs(across) <= self.width_px / 2)
        return inside


@dataclass(frozen=True)
class Streets:
    """A street grid: its direction and the side of a block [pixel]; a street runs between any two blocks."""

    angle_rad: float
    block_px: float


@dataclass(frozen=True)
class Covers:
    """The ground of one scene.

    Attributes:
        labels: records.landcover codes, (H, W) uint8.
        streets: how the streets of built-up ground run.
        aprons: where aircraft park.
        runways: paved strips without aircraft.
        river: the river, where there is one.
    """

    labels: npt.NDArray[np.uint8]
    streets: Streets
    aprons: tuple[Box, ...] = ()
    runways: tuple[Box, ...] = ()
    river: Strip | None = None


def mask_of(boxes: tuple[Box, ...], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Mask (H, W) of the pixels that lie in any of the boxes."""
    mask = np.zeros(shape, dtype=bool)
    for box in boxes:
        mask |= box.holds(shape)
    return mask


def draw_covers(
    rng: np.random.Generator, theme: str, ground: Ground, shape: tuple[int, int], block_px: tuple[float, float]
) -> Covers:
    """Draw the land cover of a scene.

    Args:
        rng: source of randomness.
        theme: sea, coast, river, land or airport.
        ground: the real cover around the scene; its land mix sets the shares.
        shape: rows and columns.
        block_px: least and greatest side of a city block [pixel].
    """
    streets = Streets(rng.uniform(0, np.pi / 2), rng.uniform(*block_px))
    if theme == "sea":
        return Covers(np.full(shape, WATER, dtype=np.uint8), streets)
    labels = _patches(rng, ground.land_mix, shape)
    if theme == "coast":
        labels[_sea(rng, shape)] = WATER
    if theme == "river":
        river = _river(rng, shape)
        along, across = rotated_coordinates(shape, river.angle_rad)
        labels[np.abs(across - river.middle(along)) <= river.width_px / 2] = WATER
        return Covers(labels, streets, river=river)
    if theme == "airport":
        aprons, runways = _airport(rng, shape)
        labels[mask_of(aprons + runways, shape)] = BUILT
        return Covers(labels, streets, aprons=aprons, runways=runways)
    return Covers(labels, streets)


def _patches(rng: np.random.Generator, mix: FloatArray, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Patches of land whose shares follow `mix`; classes below LEAST_SHARE are left out."""
    codes = np.array([code for code in LAND_CODES if mix[code] >= LEAST_SHARE], dtype=np.uint8)
    wanted = mix[codes] / mix[codes].sum()
    fields = np.stack([smooth_field(rng, shape, PATCH_PX) for _ in codes])
    bias = np.log(wanted)
    winner = np.zeros(shape, dtype=np.intp)
    for _ in range(12):
        winner = (fields + bias[:, None, None]).argmax(axis=0)
        share = np.bincount(winner.ravel(), minlength=codes.size) / winner.size
        bias += 0.6 * np.log((wanted + 0.01) / (share + 0.01))
    return codes[winner]


def _sea(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Water on one side of a ragged shoreline, 45 to 80 % of the scene."""
    along, _ = rotated_coordinates(shape, rng.uniform(0, 2 * np.pi))
    height = along / shape[0] * 3.2 + 0.45 * smooth_field(rng, shape, shape[0] / 9) + 0.08 * smooth_field(rng, shape, 6)
    return height <= np.quantile(height, rng.uniform(0.45, 0.8))


def _river(rng: np.random.Generator, shape: tuple[int, int]) -> Strip:
    side = min(shape)
    return Strip(
        angle_rad=rng.uniform(0, np.pi),
        width_px=rng.uniform(28, 46),
        swing_px=rng.uniform(0.04, 0.1) * side,
        wave_px=rng.uniform(0.8, 1.5) * side,
        phase_rad=rng.uniform(0, 2 * np.pi),
    )


def _airport(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """One wide apron and a runway beside it."""
    side = float(min(shape))
    angle = rng.uniform(-0.12, 0.12) + rng.choice([0.0, np.pi / 2])
    offset = rng.uniform(-0.1, 0.0) * side
    shift = rng.uniform(-0.05, 0.05) * side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    apron_col, apron_row = turn @ [shift, offset] + side / 2
    apron = Box(apron_col, apron_row, rng.uniform(0.7, 0.85) * side, rng.uniform(0.4, 0.52) * side, angle)
    runway_col, runway_row = turn @ [0.0, offset + 0.42 * side] + side / 2
    runway = Box(runway_col, runway_row, 3 * side, 0.1 * side, angle)
    return (apron,), (runway,)
