"""Plots for pages, each drawn twice, for light and for dark surroundings: the map of places, training curves."""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from components.pages.graph import cut
from components.pages.parts import Picture

LIGHT = {"ink": "#3d4a57", "paper": "#ffffff", "land": "#dfe5e0", "grid": "#e3e8ec"}
DARK = {"ink": "#b8c4cf", "paper": "#171d24", "land": "#303a3c", "grid": "#2b3540"}
# Okabe and Ito's colours, told apart with any colour vision (https://jfly.uni-koeln.de/color/); markers tell them too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
SPLITS = {"train": ("#0072b2", "o", 22), "val": ("#009e73", "s", 30), "test": ("#d55e00", "^", 40)}
OTHER_SPLIT = ("#888888", "x", 30)
LABEL_LENGTH = 32
_COLUMNS = 3
DPI = 110

Look = Mapping[str, str]
Series = Mapping[str, tuple[Sequence[int], Sequence[float]]]


def split_map(
    points: Mapping[str, Sequence[tuple[float, float]]], land: npt.NDArray[np.bool_] | None, alt: str
) -> Picture:
    """Map of places by split.

    Args:
        points: split to (longitude, latitude) pairs [degree].
        land: True on land, whole world, north up (any H, W); None draws no background.
        alt: what it shows, in words.
    """

    def draw(look: Look) -> Figure:
        figure, axes = plt.subplots(figsize=(9.6, 4.5), layout="constrained")
        if land is not None:
            shades = np.where(land[..., None], *(matplotlib.colors.to_rgb(look[name]) for name in ("land", "paper")))
            axes.imshow(shades, extent=(-180, 180, -90, 90), aspect="auto")
        for split, pairs in points.items():
            colour, marker, size = SPLITS.get(split, OTHER_SPLIT)
            style: dict[str, Any] = {} if marker == "x" else {"edgecolors": look["paper"], "linewidths": 0.6}
            longitudes, latitudes = np.array(pairs, dtype=float).reshape(-1, 2).T
            label = f"{cut(split, 12)} ({len(pairs)})"
            axes.scatter(longitudes, latitudes, s=size, c=colour, marker=marker, label=label, **style)
        axes.set(xlim=(-180, 180), ylim=(-62, 80), xlabel="longitude [degree]", ylabel="latitude [degree]")
        legend_below(figure, axes)
        return figure

    return picture(draw, alt)


def curves(series: Mapping[str, Series], alt: str, breaks: Mapping[str, Sequence[tuple[int, str]]]) -> Picture:
    """One panel for each stage.

    Args:
        series: stage to (loss name to (steps, values)); a name that starts with `val` is drawn with points.
        alt: what it shows, in words.
        breaks: stage to (first step, name) of its phases; none or one draws no phases.
    """

    def draw(look: Look) -> Figure:
        count = max(1, len(series))
        figure, grid = plt.subplots(1, count, figsize=(3.7 * count, 3.3), squeeze=False, layout="constrained")
        for axes, (stage, lines) in zip(grid.flat, series.items(), strict=False):
            _panel(axes, lines, breaks.get(stage, ()))
            axes.set_title(cut(stage, LABEL_LENGTH), parse_math=False, loc="left", color=look["ink"], pad=14)
        return figure

    return picture(draw, alt)


def _panel(axes: Axes, lines: Series, phases: Sequence[tuple[int, str]]) -> None:
    for colour, (name, (steps, values)) in zip(_cycle(), lines.items(), strict=False):
        marker = "o" if name.startswith("val") else ""
        axes.plot(steps, values, label=cut(name, LABEL_LENGTH), linewidth=1.3, color=colour, marker=marker)
    if len(phases) > 1:
        for first, name in phases:
            axes.axvline(first, linewidth=0.8, linestyle=":", color="#888888")
            place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            axes.annotate(cut(name, 12), (first, 1.0), (2, 3), fontsize=7.5, parse_math=False, **place)
    axes.set(xlabel="step", ylim=(0, None))
    axes.grid(True, axis="y")
    legend(axes, loc="upper right")


def small_multiples(titles: Sequence[str], look: Look) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each title, three in a row."""
    columns = min(_COLUMNS, max(1, len(titles)))
    rows = max(1, -(-len(titles) // columns))
    size = (3.4 * columns, 2.5 * rows + 0.3)
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axes in grid.flat[len(titles) :]:
        axes.set_axis_off()
    panels = list(grid.flat[: len(titles)])
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(cut(title, LABEL_LENGTH), parse_math=False, loc="left", color=look["ink"], fontsize=9)
    return figure, panels


def legend(axes: Axes, loc: Literal["upper right"]) -> None:
    """Name what is drawn; a dollar sign in a name is a dollar sign."""
    if axes.get_legend_handles_labels()[1]:
        _plain(axes.legend(loc=loc, fontsize=8.5, framealpha=0.8))


def legend_below(figure: Figure, axes: Axes) -> None:
    """Name what a map shows below it, where no scene lies under the names."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        _plain(figure.legend(handles, labels, loc="outside lower center", ncols=_COLUMNS, fontsize=8.5, frameon=False))


def _plain(names: Legend) -> None:
    for text in names.get_texts():
        text.set_parse_math(False)


def _cycle() -> Iterator[str]:
    while True:
        yield from COLOURS


def picture(draw: Callable[[Look], Figure], alt: str) -> Picture:
    """A figure for pages, drawn for light and for dark surroundings; `alt` is what it shows, in words."""
    addresses = ["data:image/png;base64," + base64.b64encode(png(draw, look)).decode("ascii") for look in (LIGHT, DARK)]
    return Picture(addresses[0], addresses[1], alt)


def png(draw: Callable[[Look], Figure], look: Look) -> bytes:
    """A figure as the bytes of a PNG file, in one of the looks LIGHT and DARK."""
    with _style(look):
        figure = draw(look)
        buffer = io.BytesIO()
        # No Software tag: the same figure gives the same bytes under every patch version of matplotlib.
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        plt.close(figure)
    return buffer.getvalue()


@contextmanager
def _style(look: Look) -> Iterator[None]:
    inks = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor")
    papers = ("figure.facecolor", "axes.facecolor", "legend.facecolor")
    shape: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    colours: dict[Any, Any] = {**dict.fromkeys(inks, look["ink"]), **dict.fromkeys(papers, look["paper"])}
    with plt.rc_context({**shape, **colours, "grid.color": look["grid"], "legend.edgecolor": look["grid"]}):
        yield
