"""Chips as pictures: small ones for pages, a whole scene with boxes and notes for `fusar predict`."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke
from PIL import Image

Box = tuple[float, float, float, float]
LONGEST_SIDE_INCHES = 11.0


def chip_address(codes: npt.NDArray[np.uint8]) -> str:
    """Encode the first polarisation of a chip (H, W), stretched for the eye, as `data:image/png;base64,...`."""
    buffer = io.BytesIO()
    Image.fromarray((stretch(codes) * 255).round().astype(np.uint8)).save(buffer, format="PNG", optimize=True)
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
