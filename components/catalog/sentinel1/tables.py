"""Calibration and noise tables of a Sentinel-1 image, at any of its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.catalog.errors import BrokenMetadata
from components.catalog.metadata.xml import Node, read_xml

Floats = npt.NDArray[np.float32]
Quantity = Literal["sigma0", "gamma0"]

_TABLES = {"sigma0": "sigmaNought", "gamma0": "gamma"}
# Before processor 2.90 (March 2018) noise was one table; since then a table along range times one along azimuth.
_NOISE = (("noiseRangeVectorList/noiseRangeVector", "noiseRangeLut"), ("noiseVectorList/noiseVector", "noiseLut"))


@dataclass(frozen=True)
class Table:
    """A table over lines and pixels, bilinear between its entries and constant beyond the outermost.

    Attributes:
        lines: in rising order; (L,). They may lie outside the image.
        values: at every pixel of those lines; (L, samples).
    """

    lines: npt.NDArray[np.float64]
    values: Floats

    def at(self, rows: npt.NDArray[np.int64]) -> Floats:
        """The table at whole rows of the image; (R, samples)."""
        position = np.interp(rows, self.lines, np.arange(self.lines.size))
        lower = np.minimum(position.astype(np.int64), self.lines.size - 1)
        upper = np.minimum(lower + 1, self.lines.size - 1)
        share = (position - lower).astype(np.float32)[:, None]
        return np.asarray((1 - share) * self.values[lower] + share * self.values[upper], np.float32)


@dataclass(frozen=True)
class AzimuthNoise:
    """Noise along azimuth, in the part of the image that it holds for.

    Attributes:
        rows: first row, and the one behind the last.
        cols: first column, and the one behind the last.
        lines: in rising order; (L,).
        factors: that the noise along range is multiplied with at `lines`; (L,).
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    lines: npt.NDArray[np.float64]
    factors: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Thermal noise of an image, as power of its digital numbers."""

    along_range: Table
    along_azimuth: Sequence[AzimuthNoise]

    @property
    def is_known(self) -> bool:
        """Whether the product states any: the tables of the first processors are all zero."""
        return bool((self.along_range.values > 0).any())

    def at(self, rows: npt.NDArray[np.int64]) -> Floats:
        """Noise at whole, consecutive rows of the image; (R, samples)."""
        noise = self.along_range.at(rows)
        for part in self.along_azimuth:
            first, last = max(part.rows[0], int(rows[0])), min(part.rows[1], int(rows[-1]) + 1)
            if first < last:
                factors = np.interp(np.arange(first, last), part.lines, part.factors).astype(np.float32)
                noise[first - int(rows[0]) : last - int(rows[0]), slice(*part.cols)] *= factors[:, None]
        return noise


def read_calibration(path: Path, quantity: Quantity, samples: int) -> Table:
    """The table A of sigma nought or gamma nought: backscatter is (DN^2 - noise) / A^2.

    Raises:
        BrokenMetadata: it is missing, or not positive.
        SceneError: another fault of the file.
    """
    table = _table(read_xml(path), "calibrationVectorList/calibrationVector", _TABLES[quantity], samples)
    if not (table.values > 0).all():
        raise BrokenMetadata(path, f"{_TABLES[quantity]} is not positive throughout")
    return table


def read_noise(path: Path, samples: int) -> Noise:
    """The noise tables.

    Raises:
        BrokenMetadata: they are missing, or negative.
        SceneError: another fault of the file.
    """
    root = read_xml(path)
    steps, values = next((way for way in _NOISE if root.element.find(way[0]) is not None), _NOISE[0])
    along_range = _table(root, steps, values, samples)
    parts = [_azimuth(node) for node in root.children("noiseAzimuthVectorList/noiseAzimuthVector")]
    if (along_range.values < 0).any() or any((part.factors < 0).any() for part in parts):
        raise BrokenMetadata(path, "a noise table is negative")
    return Noise(along_range, parts)


def _table(root: Node, steps: str, name: str, samples: int) -> Table:
    vectors = list(root.children(steps))
    if not vectors:
        raise BrokenMetadata(root.path, f"{steps} is missing")
    lines, order = np.unique([vector.number("line") for vector in vectors], return_index=True)
    every = np.arange(samples)
    rows = []
    for vector in (vectors[i] for i in order):
        pixels, values = vector.numbers("pixel"), vector.numbers(name)
        if pixels.shape != values.shape or (np.diff(pixels) <= 0).any():
            raise BrokenMetadata(root.path, f"pixel and {name} do not belong together")
        rows.append(np.interp(every, pixels, values).astype(np.float32))
    return Table(lines, np.stack(rows))


def _azimuth(node: Node) -> AzimuthNoise:
    lines, factors = node.numbers("line"), node.numbers("noiseAzimuthLut")
    if lines.shape != factors.shape or (np.diff(lines) <= 0).any():
        raise BrokenMetadata(node.path, "line and noiseAzimuthLut do not belong together")
    rows = node.integer("firstAzimuthLine"), node.integer("lastAzimuthLine") + 1
    cols = node.integer("firstRangeSample"), node.integer("lastRangeSample") + 1
    if min(*rows, *cols) < 0:
        raise BrokenMetadata(node.path, "a noiseAzimuthVector begins outside the image")
    return AzimuthNoise(rows, cols, lines, factors)
