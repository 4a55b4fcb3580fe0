"""Where objects lie: a count for every 64-pixel cell of the scene, then free ground for each object."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from components.simulation.covers import BUILT, WATER, Box, Covers, Streets, mask_of
from components.simulation.sensors import Sensor
from components.simulation.targets import FloatArray, Target, aircraft, bridge, building, place, ship

CELL_PX = 64
# Flat on purpose: were most cells empty, a model that always answers "none" would already be right.
SHIP_COUNTS = (0.2, 0.2, 0.18, 0.16, 0.14, 0.12)
AIRCRAFT_COUNTS = (0.14, 0.24, 0.24, 0.2, 0.18)
AIRCRAFT_M = (12.0, 36.0)
CROWDED_AIRCRAFT_M = (12.0, 20.0)
GAP_PX = 4.0
BUILT_BLOCKS = 0.85  # share of the blocks that carry a house
LEAST_ROOM = 0.12  # share of a cell that must be free before anything is put there
Maker = Callable[[np.random.Generator, tuple[float, float], float], Target]


def draw_targets(rng: np.random.Generator, covers: Covers, sensor: Sensor, facing: float) -> list[Target]:
    """Draw all objects of a scene: bridges, buildings, aprons, aircraft and ships.

    Args:
        rng: source of randomness.
        covers: the land cover, with aprons and river.
        sensor: gives pixel size and the sizes of objects in pixels.
        facing: +1 where the walls that face east shine, -1 where those that face west do.
    """
    shape = covers.labels.shape
    bridges = _bridges(rng, covers)
    apron = mask_of(covers.aprons, shape)
    unpaved = ~mask_of(covers.aprons + covers.runways, shape)
    aprons = [Target("apron", box.col, box.row, box.length_px, box.width_px, box.angle_rad) for box in covers.aprons]
    houses = _buildings(rng, (covers.labels == BUILT) & unpaved, covers.streets, sensor, facing)
    water = covers.labels == WATER
    for target in bridges:
        water &= ~Box(target.col, target.row, target.length_px, target.width_px + 12, target.angle_rad).holds(shape)
    ships = _fill(rng, water, SHIP_COUNTS, lambda count: sensor.ship_px, ship)
    planes = _fill(rng, apron, AIRCRAFT_COUNTS, lambda count: _aircraft_px(count, sensor), aircraft)
    return [*aprons, *bridges, *houses, *planes, *ships]


def _aircraft_px(count: int, sensor: Sensor) -> tuple[float, float]:
    low, high = CROWDED_AIRCRAFT_M if count > 2 else AIRCRAFT_M
    return low / sensor.spacing_m, high / sensor.spacing_m


def _fill(
    rng: np.random.Generator,
    free: npt.NDArray[np.bool_],
    count_shares: tuple[float, ...],
    size_px: Callable[[int], tuple[float, float]],
    make: Maker,
) -> list[Target]:
    """Put 0 to n objects into each cell that has room, wholly on free ground and clear of the cell's border."""
    if not free.any():
        return []
    # The image's edge is no shore: pad with the nearest value before measuring the distance to it.
    room = ndimage.distance_transform_edt(np.pad(free, CELL_PX, mode="edge"))[CELL_PX:-CELL_PX, CELL_PX:-CELL_PX]
    targets: list[Target] = []
    for top in range(0, free.shape[0], CELL_PX):
        for left in range(0, free.shape[1], CELL_PX):
            cell = room[top : top + CELL_PX, left : left + CELL_PX]
            count = int(rng.choice(len(count_shares), p=count_shares))
            if (cell > 0).mean() >= LEAST_ROOM:
                low, high = size_px(count)
                sizes = np.sort(rng.uniform(low, high, count))[::-1]
                spots = _spots(rng, cell, sizes, low)
                targets += [make(rng, (left + col, top + row), length) for col, row, length in spots]
    return targets


def _spots(
    rng: np.random.Generator, cell: FloatArray, sizes: FloatArray, least: float
) -> list[tuple[float, float, float]]:
    """Free (col, row, length) in a cell for each size; what does not fit is made smaller, then left out."""
    rows, cols = np.mgrid[: cell.shape[0], : cell.shape[1]] + 0.5
    border = np.minimum.reduce([rows, cols, cell.shape[0] - rows, cell.shape[1] - cols])
    clear = np.minimum(cell, border)
    spots: list[tuple[float, float, float]] = []
    for wanted in sizes:
        for length in (wanted, (wanted + least) / 2, least):
            candidates = np.flatnonzero(clear >= length / 2 + 1.5)
            if candidates.size:
                index = int(rng.choice(candidates))
                col, row = float(cols.flat[index]), float(rows.flat[index])
                spots.append((col + rng.uniform(-0.5, 0.5), row + rng.uniform(-0.5, 0.5), float(length)))
                clear = np.minimum(clear, np.hypot(rows - row, cols - col) - length / 2 - GAP_PX)
                break
    return spots


def _buildings(
    rng: np.random.Generator, free: npt.NDArray[np.bool_], streets: Streets, sensor: Sensor, facing: float
) -> list[Target]:
    """A house in the middle of most city blocks that lie wholly on free ground."""
    reach = int(max(free.shape) / streets.block_px) + 1
    blocks = (np.arange(-reach, reach) + 0.5) * streets.block_px
    along, across = (grid.ravel() for grid in np.meshgrid(blocks, blocks))
    spots = place(np.stack([along, across], axis=1), free.shape[1] / 2, free.shape[0] / 2, streets.angle_rad)
    room = ndimage.distance_transform_edt(np.pad(free, 8, mode="edge"))[8:-8, 8:-8]
    houses = []
    for col, row in spots[((spots >= 0) & (spots < free.shape[::-1])).all(axis=1)]:
        length = rng.uniform(*sensor.building_px)
        width = length * rng.uniform(0.5, 0.9)
        if rng.random() < BUILT_BLOCKS and room[int(row), int(col)] > length / 2:
            houses.append(building((float(col), float(row)), (length, width), streets.angle_rad, facing))
    return houses


def _bridges(rng: np.random.Generator, covers: Covers) -> list[Target]:
    """Two to four bridges square across the river."""
    river = covers.river
    if river is None:
        return []
    side = min(covers.labels.shape)
    places = rng.permutation(np.array([-0.36, -0.12, 0.12, 0.36]))[: int(rng.integers(2, 5))] * side
    bridges = []
    for along in places:
        across = float(river.middle(np.array(along)))
        cos, sin = np.cos(river.angle_rad), np.sin(river.angle_rad)
        centre = (side / 2 + along * cos - across * sin, side / 2 + along * sin + across * cos)
        size = (river.width_px * 1.25 + 4, rng.uniform(2.5, 4.0))
        bridges.append(bridge(centre, size, river.angle_rad + np.pi / 2))
    return bridges
