"""Where scenes lie: their footprints over land and sea, coloured by sensor and marked by split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from components.pages.graph import cut
from components.pages.land import land
from components.pages.parts import Picture
from components.pages.plots import COLOURS, LIGHT, OTHER_SPLIT, SPLITS, Look, legend_below, picture, png

GREY = "#888888"
SIDE_STEP = 6.0  # between the markers of two sensors at one place [point]
SMALLEST_DEG = 60.0  # the map shows no less than this: coasts of half a degree tell a reader where he is
WORLD = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Footprint:
    """The rectangle that a scene covers [degree, EPSG:4326], with the split and the sensor that it belongs to."""

    west: float
    south: float
    east: float
    north: float
    split: str
    sensor: str

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of its middle [degree]."""
        longitude = (self.west + self.east) / 2
        # Across the antimeridian the east end is above 180.
        return longitude - 360 if longitude > 180 else longitude, (self.south + self.north) / 2


def footprint_map(footprints: Sequence[Footprint], alt: str) -> Picture:
    """Map of footprints for a page; each is drawn at its true size and marked at its middle, sensors side by side.

    Args:
        footprints: any number, also none.
        alt: what it shows, in words.
    """
    return picture(_drawing(footprints), alt)


def footprint_png(footprints: Sequence[Footprint]) -> bytes:
    """The same map as a PNG file, for light surroundings."""
    return png(_drawing(footprints), LIGHT)


def _drawing(footprints: Sequence[Footprint]) -> Callable[[Look], Figure]:
    counts = {name: sum(1 for found in footprints if found.sensor == name) for name in _sensors(footprints)}
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    palette = {name: COLOURS[rank] if rank < len(COLOURS) else GREY for rank, name in enumerate(ranked)}

    def draw(look: Look) -> Figure:
        figure, axes = plt.subplots(figsize=(9.6, 4.9), layout="constrained")
        _background(axes, look)
        # Several sensors often see one place: their markers stand side by side, so that none hides another.
        sides = (np.arange(len(ranked)) - (len(ranked) - 1) / 2) * SIDE_STEP
        for sensor, side in zip(ranked, sides, strict=True):
            for split in dict.fromkeys((*SPLITS, *sorted(found.split for found in footprints))):
                shown = [found for found in footprints if (found.split, found.sensor) == (split, sensor)]
                if shown:
                    _draw(axes, shown, (palette[sensor], float(side)), look)
        west, south, east, north = _extent(footprints)
        axes.set(xlim=(west, east), ylim=(south, north), xlabel="longitude [degree]", ylabel="latitude [degree]")
        legend_below(figure, axes)
        return figure

    return draw


def _draw(axes: Axes, footprints: Sequence[Footprint], ink: tuple[str, float], look: Look) -> None:
    first, (colour, side) = footprints[0], ink
    corners = [
        ((at.west, at.south), (at.east, at.south), (at.east, at.north), (at.west, at.north)) for at in footprints
    ]
    axes.add_collection(PolyCollection(corners, facecolors=(*colors.to_rgb(colour), 0.2), edgecolors=colour))
    _, marker, size = SPLITS.get(first.split, OTHER_SPLIT)
    style: dict[str, Any] = {} if marker == "x" else {"edgecolors": look["paper"], "linewidths": 0.6}
    longitudes, latitudes = np.array([at.centre for at in footprints]).T
    label = f"{cut(first.sensor, 24)}, {cut(first.split, 12)} ({len(footprints)})"
    beside = offset_copy(axes.transData, axes.get_figure(root=True), x=side, units="points")
    axes.scatter(longitudes, latitudes, s=size, c=colour, marker=marker, label=label, transform=beside, **style)


def _background(axes: Axes, look: Look) -> None:
    ground = land()
    if ground is not None:
        shades = np.where(ground[..., None], *(colors.to_rgb(look[name]) for name in ("land", "paper")))
        axes.imshow(shades, extent=(WORLD[0], WORLD[2], WORLD[1], WORLD[3]), aspect="auto")


def _sensors(footprints: Sequence[Footprint]) -> list[str]:
    return sorted({found.sensor for found in footprints})


def _extent(footprints: Sequence[Footprint]) -> tuple[float, float, float, float]:
    """What the map shows: all footprints with a margin, at least SMALLEST_DEG, at most the world."""
    if not footprints:
        return WORLD
    west, south = (min(getattr(at, side) for at in footprints) for side in ("west", "south"))
    east, north = (max(getattr(at, side) for at in footprints) for side in ("east", "north"))
    wide, high = max(1.15 * (east - west), SMALLEST_DEG), max(1.15 * (north - south), SMALLEST_DEG / 2)
    x, y = (west + east) / 2, (south + north) / 2
    return (
        max(WORLD[0], x - wide / 2),
        max(WORLD[1], y - high / 2),
        min(WORLD[2], x + wide / 2),
        min(WORLD[3], y + high / 2),
    )
