"""How bright points look in a SAR image: a sinc-squared response with its cross of sidelobes."""

from collections.abc import Sequence

import numpy as np

from components.simulation.targets import FloatArray, Target

REACH_PX = 12
SUBPIXELS = 8
RESOLUTION_PX = 1.35  # main lobe against pixel: products are sampled finer than they resolve
# Level of an object's points [dB sigma nought at the peak], co- and cross-polarised [inferred]: each stands 10 to 25 dB
# above its background, far enough to be counted through the speckle.
LEVEL_DB = {"ship": (3.0, -4.0), "aircraft": (3.0, -4.0), "building": (5.0, -3.0), "bridge": (1.0, -6.0)}


def render(targets: Sequence[Target], shape: tuple[int, int], is_cross: bool, tilt_rad: float) -> FloatArray:
    """Power [sigma nought, linear] that objects add to an image, (H, W).

    Args:
        targets: objects with their bright points.
        shape: rows and columns.
        is_cross: whether the image is cross-polarised.
        tilt_rad: angle between the image's columns and the radar's range direction, along which sidelobes run.
    """
    kernels = response_kernels(tilt_rad)
    margin = 2 * REACH_PX + 1
    image = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin))
    for target in targets:
        if target.category not in LEVEL_DB:
            continue
        level = 10 ** (LEVEL_DB[target.category][is_cross] / 10)
        for col, row, power in target.points:
            fine_row, fine_col = (int(np.floor(value * SUBPIXELS)) for value in (row, col))
            at_row, sub_row = divmod(fine_row, SUBPIXELS)
            at_col, sub_col = divmod(fine_col, SUBPIXELS)
            if -REACH_PX <= at_row < shape[0] + REACH_PX and -REACH_PX <= at_col < shape[1] + REACH_PX:
                top, left = at_row + margin - REACH_PX, at_col + margin - REACH_PX
                size = 2 * REACH_PX + 1
                image[top : top + size, left : left + size] += level * power * kernels[sub_row, sub_col]
    return image[margin:-margin, margin:-margin]


def response_kernels(tilt_rad: float) -> FloatArray:
    """Point responses for 8x8 positions inside a pixel, (8, 8, 25, 25); the peak of a centred point is about 1."""
    sub = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    offsets = np.arange(-REACH_PX, REACH_PX + 1)
    d_row = offsets[None, None, :, None] - sub[:, None, None, None]
    d_col = offsets[None, None, None, :] - sub[None, :, None, None]
    along = d_col * np.cos(tilt_rad) + d_row * np.sin(tilt_rad)
    across = -d_col * np.sin(tilt_rad) + d_row * np.cos(tilt_rad)
    response: FloatArray = (np.sinc(along / RESOLUTION_PX) * np.sinc(across / RESOLUTION_PX)) ** 2
    return response
