"""Figures for pages and for `fusar predict`: chips, boxes, maps, curves, confusion matrices."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

Box = tuple[float, float, float, float]
LONGEST_SIDE_INCHES = 11.0
SPLIT_COLOURS = {"train": "#0b6e8f", "val": "#c98a00", "test": "#c2352b"}


def as_data_address(figure: Figure, dpi: int = 80) -> str:
    """Encode a figure as `data:image/png;base64,...` and close it."""
    buffer = io.BytesIO()
    # No Software tag: the same figure gives the same bytes under every patch version of matplotlib.
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def stretch(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Scale codes (H, W) for the eye: 2nd to 99.5th percentile of valid pixels to 0..1; nodata (0) is black."""
    valid = codes[codes > 0]
    if valid.size == 0:
        return np.zeros(codes.shape, np.float32)
    low, high = np.percentile(valid, (2, 99.5))
    scaled = (codes.astype(np.float32) - low) / max(high - low, 1.0)
    return np.where(codes > 0, np.clip(scaled, 0, 1), 0).astype(np.float32)


def draw_chip(axes: Axes, codes: npt.NDArray[np.uint8], boxes: Sequence[Box], title: str) -> None:
    """Show the first polarisation of a chip (H, W) with boxes (x0, y0, x1, y1) [pixel] and a title."""
    axes.imshow(stretch(codes), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for x0, y0, x1, y1 in boxes:
        axes.add_patch(
            Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="#ffb000", linewidth=1.4)
        )
    # parse_math off: a dollar sign in a caption is a dollar sign.
    axes.set_title(title, fontsize=7, loc="left", parse_math=False)
    axes.set_axis_off()


def chip_sheet(chips: Sequence[tuple[npt.NDArray[np.uint8], Sequence[Box], str]], columns: int = 4) -> Figure:
    """Lay chips out on a sheet, `columns` a row.

    Args:
        chips: for each its backscatter codes (H, W) uint8, boxes (x0, y0, x1, y1) [pixel] and title.
        columns: chips side by side.
    """
    rows = max(1, -(-len(chips) // columns))
    size = (3.1 * columns, 4.4 * rows)
    # Constrained, so that a title of nine lines pushes the row above it away.
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (codes, boxes, title) in zip(grid.flat, chips, strict=False):
        draw_chip(axes, codes, boxes, title)
    return figure


def split_map(points: Mapping[str, Sequence[tuple[float, float]]], land: npt.NDArray[np.bool_] | None) -> Figure:
    """Map of places by split.

    Args:
        points: split to (longitude, latitude) pairs [degree].
        land: True on land, whole world, north up (any H, W); None draws no background.
    """
    figure, axes = plt.subplots(figsize=(10, 4.8))
    if land is not None:
        axes.imshow(np.where(land, 0.86, 1.0), cmap="gray", vmin=0, vmax=1, extent=(-180, 180, -90, 90), aspect="auto")
    for split, pairs in points.items():
        if pairs:
            longitudes, latitudes = zip(*pairs, strict=True)
            axes.scatter(longitudes, latitudes, s=18, color=SPLIT_COLOURS.get(split, "#444444"), label=split)
    axes.set(xlim=(-180, 180), ylim=(-62, 80), xlabel="longitude [degree]", ylabel="latitude [degree]")
    axes.legend(loc="lower left")
    return figure


def curves(series: Mapping[str, Mapping[str, tuple[Sequence[int], Sequence[float]]]]) -> Figure:
    """One panel for each stage: stage to (loss name to (steps, values))."""
    figure, grid = plt.subplots(1, max(1, len(series)), figsize=(4.4 * max(1, len(series)), 3.2), squeeze=False)
    for axes, (stage, lines) in zip(grid.flat, series.items(), strict=False):
        for name, (steps, values) in lines.items():
            axes.plot(steps, values, label=name, linewidth=1.2)
        axes.set(title=stage, xlabel="step")
        axes.legend(fontsize=8)
    figure.tight_layout()
    return figure


def confusion(title: str, labels: Sequence[str], counts: npt.NDArray[Any]) -> Figure:
    """Confusion matrix, rows = truth, columns = answer, (L, L) counts."""
    size = 1.6 + 0.55 * len(labels)
    figure, axes = plt.subplots(figsize=(size + 1, size))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(counts):
        axes.text(
            column,
            row,
            str(int(value)),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    ticks = list(range(len(labels)))
    axes.set_xticks(ticks, labels, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.set(title=title, xlabel="answer", ylabel="truth")
    return figure


def scene_overview(
    codes: npt.NDArray[np.uint8],
    boxes: Sequence[Box],
    notes: Sequence[tuple[int, int, str]],
    title: str,
    path: Path,
) -> None:
    """Write a scene (H, W) with boxes and notes as PNG, atomically.

    Args:
        codes: uint8, 0 is nodata.
        boxes: (x0, y0, x1, y1) [pixel].
        notes: (column, row, text) of short texts, upper left corner.
        title: one line above the picture.
        path: file to write.
    """
    height, width = codes.shape
    scale = LONGEST_SIDE_INCHES / max(height, width)
    figure, axes = plt.subplots(figsize=(max(4.0, width * scale), max(4.0, height * scale)))
    draw_chip(axes, codes, boxes, title)
    outline: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="black")]
    for column, row, text in notes:
        label = axes.text(column + 2, row + 3, text, va="top", color="#7fe3ff", fontsize=8, parse_math=False)
        label.set_path_effects(outline)
    partial = path.with_name(f".{path.name}.partial")
    figure.savefig(partial, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    partial.replace(path)
