"""What every format of object labels comes down to: pictures by name, and the targets in each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Target:
    """One labelled object.

    Attributes:
        name: its class as the label file has it.
        ring: corners of its outline, three or more, the last unlike the first; (column, row) from the outer corner of
            the first pixel, or (longitude, latitude).
        length_m: its length where the labels say it [m].
        width_m: likewise.
    """

    name: str
    ring: Ring
    length_m: float | None = None
    width_m: float | None = None


@dataclass(frozen=True)
class Picture:
    """All labels of one picture; without targets it is labelled as holding none.

    Attributes:
        source: the file that says it.
        name: of the picture's file, without its ending: the scene's id.
        size: rows and columns of the pixel grid that the rings are in; None where the labels do not say it, and then
            they are in the scene's own pixels.
        is_scaled: whether `size` is a square of the labels' own, to be stretched onto the scene; else it must be the
            scene's size.
        unit: of the rings.
    """

    source: Path
    name: str
    targets: tuple[Target, ...]
    size: tuple[int, int] | None = None
    is_scaled: bool = False
    unit: Literal["pixel", "degree"] = "pixel"


@dataclass(frozen=True)
class Format:
    """One way in which labels are written.

    Attributes:
        name: as `fusar data label` takes it.
        title: one line for people.
        suffixes: of its files, in lower case: of a folder, each of them is read.
        read: the pictures that a file labels: `read(file, ending)`, where `ending` is what a label file's name has
            beyond its picture's. Raises SceneError of the file at fault.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str], Iterator[Picture]]


def box(x0: float, y0: float, x1: float, y1: float) -> Ring:
    """The corners of an axis-aligned box."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
