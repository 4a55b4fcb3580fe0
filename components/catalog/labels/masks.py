"""Mask pictures: an instance is a colour, or a connected patch of one colour; black is background.

By colour, every colour is one object of the class `instance`, in however many pieces it stands. By component, every
patch of pixels that touch along an edge or at a corner is one object, and its colour in decimal, `0,255,0`, is its
class; objects that touch are then one. Masks are PNG, TIFF or BMP: a lossy JPEG has colours that nobody painted.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target, box
from components.catalog.labels.reading import stem_of

_ENDINGS = (".png", ".tif", ".tiff", ".bmp")
_KINDS = ("PNG", "TIFF", "BMP")
_MOST_PIXELS = 400_000_000
_MOST_COLOURS = 10_000  # more are a photograph, or a mask that was compressed with loss
_TOUCHING = np.ones((3, 3), np.int8)
INSTANCE = "instance"

Codes = npt.NDArray[np.uint32]


def _read(path: Path, ending: str, is_by_colour: bool) -> Iterator[Picture]:
    codes = _codes(path)
    targets = tuple(_by_colour(codes) if is_by_colour else _by_component(codes))
    yield Picture(path, stem_of(path.name, ending), targets, (codes.shape[0], codes.shape[1]))


def _codes(file: Path) -> Codes:
    """Colours as numbers, (H, W): red, green and blue in one; 0 is black."""
    try:
        with Image.open(file, formats=_KINDS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise BrokenLabels(file, f"more than {_MOST_PIXELS} pixels")
            pixels = np.asarray(image.convert("RGB") if image.mode in ("P", "RGBA", "LA", "CMYK") else image)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BrokenLabels(file, "no PNG, TIFF or BMP that can be read") from error
    if pixels.ndim == 2 and pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    if pixels.ndim == 2 and pixels.dtype == np.uint8:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise BrokenLabels(file, f"pixels of {pixels.dtype} in {pixels.ndim} dimensions are no colours of 8 bits")
    wide = pixels[:, :, :3].astype(np.uint32)
    codes: Codes = np.asarray((wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2], np.uint32)
    if len(np.unique(codes)) > _MOST_COLOURS:
        raise BrokenLabels(file, f"more than {_MOST_COLOURS} colours: no mask, or one that was compressed with loss")
    return codes


def _by_colour(codes: Codes) -> Iterator[Target]:
    colours, flat = np.unique(codes, return_inverse=True)
    found = ndimage.find_objects(flat.reshape(codes.shape).astype(np.int32) + 1)
    for colour, window in zip(colours, found, strict=True):
        if colour:
            yield Target(INSTANCE, _box(window))


def _by_component(codes: Codes) -> Iterator[Target]:
    for colour in np.unique(codes[codes != 0]):
        patches, _ = ndimage.label(codes == colour, _TOUCHING)
        name = f"{colour >> 16},{(colour >> 8) & 255},{colour & 255}"
        for window in ndimage.find_objects(patches):
            yield Target(name, _box(window))


def _box(window: tuple[slice, slice]) -> tuple[tuple[float, float], ...]:
    rows, columns = window
    return box(columns.start, rows.start, columns.stop, rows.stop)


BY_COLOUR = Format(
    "mask-colours", "mask pictures in which every colour is one object", _ENDINGS, partial(_read, is_by_colour=True)
)
BY_COMPONENT = Format(
    "mask-components",
    "mask pictures in which every connected patch is one object",
    _ENDINGS,
    partial(_read, is_by_colour=False),
)
