"""Histograms side by side: the distribution of one quantity in several groups, a panel for each sensor or the like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.pages.graph import cut
from components.pages.parts import Picture
from components.pages.plots import OTHER_SPLIT, SPLITS, Look, legend, picture, small_multiples

Floats = npt.NDArray[np.float64]
_MARGIN = 0.001  # of the pixels; what lies beyond at either end is not shown


@dataclass(frozen=True, eq=False)
class Panel:
    """One histogram.

    Attributes:
        title: what it is of.
        unit: of the values, for the axis.
        values: (N,) ascending, the same for all groups.
        groups: split to how often each value occurs (N,); drawn as shares, so that a small group shows too.
    """

    title: str
    unit: str
    values: Floats
    groups: Mapping[str, Floats]


def histograms(panels: Sequence[Panel], alt: str) -> Picture:
    """All panels, three in a row, for light and for dark surroundings; `alt` is what they show, in words."""

    def draw(look: Look) -> Figure:
        figure, grid = small_multiples([panel.title for panel in panels], look)
        for axes, panel in zip(grid, panels, strict=True):
            _draw(axes, panel)
            legend(axes, loc="upper right")
        return figure

    return picture(draw, alt)


def _draw(axes: Axes, panel: Panel) -> None:
    for name, counts in panel.groups.items():
        if total := counts.sum():
            colour = SPLITS.get(name, OTHER_SPLIT)[0]
            axes.plot(panel.values, counts / total, label=cut(name, 12), color=colour, linewidth=1.3)
            axes.fill_between(panel.values, counts / total, color=colour, alpha=0.12, linewidth=0)
    everything = np.sum(list(panel.groups.values()), axis=0)
    if everything.sum():
        below = np.cumsum(everything) / everything.sum()
        first, last = np.searchsorted(below, (_MARGIN, 1 - _MARGIN))
        step = panel.values[1] - panel.values[0]
        axes.set(xlim=(panel.values[first] - 4 * step, panel.values[min(last, len(below) - 1)] + 4 * step))
    axes.set(xlabel=panel.unit, ylim=(0, None), yticks=[])
