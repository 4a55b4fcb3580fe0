"""Man-made objects: what they are, where they lie and which bright points they show to a radar."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def _no_points() -> FloatArray:
    return np.zeros((0, 3))


@dataclass(frozen=True)
class Target:
    """One object.

    Attributes:
        category: ship, aircraft, bridge, building or apron.
        col: of its centre [pixel, whole numbers at pixel corners].
        row: of its centre, likewise.
        length_px: along its axis.
        width_px: across its axis.
        angle_rad: direction of its axis, from the columns' direction towards the rows'.
        points: its bright points, (n, 3): col, row, power relative to the object's level [1].
    """

    category: str
    col: float
    row: float
    length_px: float
    width_px: float
    angle_rad: float
    points: FloatArray = field(default_factory=_no_points)

    def corners(self) -> FloatArray:
        """(col, row) of the four corners of the object's rectangle, (4, 2), counter-clockwise on the ground."""
        half = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * [self.length_px / 2, self.width_px / 2]
        return place(half, self.col, self.row, self.angle_rad)


def place(local: FloatArray, col: float, row: float, angle_rad: float) -> FloatArray:
    """Turn points (along, across) by an angle and move them to (col, row); (n, 2) to (n, 2)."""
    along, across = local[:, 0], local[:, 1]
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.stack([col + along * cos - across * sin, row + along * sin + across * cos], axis=1)


def ship(rng: np.random.Generator, centre: tuple[float, float], length_px: float) -> Target:
    """A hull with a bright deck line and a brighter superstructure."""
    width_px = length_px * rng.uniform(0.2, 0.28)
    angle = rng.uniform(0, np.pi)
    along = np.arange(-0.45, 0.451, 0.8 / max(length_px, 3)) * length_px
    deck = np.stack([along, rng.uniform(-0.25, 0.25, along.size) * width_px], axis=1)
    power = rng.uniform(0.35, 1.0, along.size)
    bridge_at = rng.choice([-0.3, 0.0, 0.3]) * length_px
    local = np.concatenate([deck, [[bridge_at, 0.0], [0.0, 0.0]]])
    power = np.concatenate([power, [2.5, 1.2]])
    return _target("ship", centre, (length_px, max(width_px, 1.5)), angle, local, power)


def aircraft(rng: np.random.Generator, centre: tuple[float, float], length_px: float) -> Target:
    """Fuselage, swept wings with engines, tail."""
    span_px = length_px * rng.uniform(0.88, 1.0)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.arange(-0.46, 0.461, 1.0 / length_px) * length_px
    body = np.stack([along, np.zeros(along.size)], axis=1)
    out = np.arange(0.08, 0.481, 1.2 / length_px)
    wing = np.stack([(0.1 - 0.55 * out) * length_px, out * span_px], axis=1)
    tail = np.stack([np.full(3, -0.42 * length_px), np.array([0.06, 0.11, 0.16]) * span_px], axis=1)
    engines = np.array([[0.02 * length_px, 0.17 * span_px]])
    mirror = np.array([1.0, -1.0])
    local = np.concatenate([body, wing, wing * mirror, tail, tail * mirror, engines, engines * mirror, [[0.0, 0.0]]])
    power = np.concatenate(
        [
            rng.uniform(0.3, 0.9, body.shape[0]),
            rng.uniform(0.2, 0.6, 2 * wing.shape[0]),
            rng.uniform(0.3, 0.7, 6),
            [2.0, 2.0, 1.5],
        ]
    )
    return _target("aircraft", centre, (length_px, span_px), angle, local, power)


def building(centre: tuple[float, float], size_px: tuple[float, float], angle_rad: float, facing: float) -> Target:
    """A rectangular house: the two walls that face the radar (towards `facing` in columns) are dihedrals."""
    length_px, width_px = size_px
    along = np.arange(-0.5, 0.501, 1.0 / max(length_px, 2)) * length_px
    across = np.arange(-0.5, 0.501, 1.0 / max(width_px, 2)) * width_px
    side = 0.5 * width_px * (1 if np.sin(angle_rad) * facing < 0 else -1)
    end = 0.5 * length_px * (1 if np.cos(angle_rad) * facing > 0 else -1)
    long_wall = np.stack([along, np.full(along.size, side)], axis=1)
    short_wall = np.stack([np.full(across.size, end), across], axis=1)
    # A dihedral answers best when its wall stands square to the look direction.
    long_power, short_power = abs(np.sin(angle_rad)) ** 2 + 0.1, abs(np.cos(angle_rad)) ** 2 + 0.1
    local = np.concatenate([long_wall, short_wall])
    power = np.concatenate([np.full(along.size, long_power), np.full(across.size, short_power)])
    return _target("building", centre, size_px, angle_rad, local, power)


def bridge(centre: tuple[float, float], size_px: tuple[float, float], angle_rad: float) -> Target:
    """A deck over water: one bright line, its edges brighter where it meets the banks."""
    along = np.arange(-0.5, 0.501, 0.8 / size_px[0]) * size_px[0]
    local = np.stack([along, np.zeros(along.size)], axis=1)
    power = 0.6 + 0.8 * (np.abs(along) > 0.42 * size_px[0])
    return _target("bridge", centre, size_px, angle_rad, local, power)


def _target(
    category: str,
    centre: tuple[float, float],
    size_px: tuple[float, float],
    angle_rad: float,
    local: FloatArray,
    power: npt.NDArray[np.floating],
) -> Target:
    col, row = centre
    points = np.column_stack([place(local, col, row, angle_rad), power])
    return Target(category, col, row, size_px[0], size_px[1], angle_rad, points)
