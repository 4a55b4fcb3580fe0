"""What a page is made of: parts that the templates draw. Every string in them is plain text, escaped on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Cell = str | int | float
Tone = Literal["", "good", "bad", "doubt"]
PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """A figure from `components.pages.plots`.

    Attributes:
        address: `data:image/png` for light surroundings.
        dark_address: the same figure for dark ones.
        alt: what it shows, for those who cannot see it.
        caption: what to take from it.
    """

    kind: ClassVar[str] = "picture"
    address: str
    dark_address: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; `fold` is the line that opens it, empty for a table that stands open.

    Numbers are shown as they are, so round them first; a cell of more than 600 characters folds itself.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    fold: str = ""


@dataclass(frozen=True)
class Heat:
    """A table whose cells are shaded by a share.

    Attributes:
        caption: what its rows and columns are.
        corner: head of the column of row labels.
        columns: heads of the shaded columns.
        rows: label and cells (text, share [0..1] or None for a cell without shade).
    """

    kind: ClassVar[str] = "heat"
    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, float | None]]]]


@dataclass(frozen=True)
class Reading:
    """A figure between 0 and 1 beside what it is compared with.

    Attributes:
        label: what was measured.
        value: the figure [0..1].
        interval: low and high end [0..1], or None.
        marks: name and value [0..1] of each baseline; names beyond MARKS are drawn like the last of them.
        note: size of the sample and the like, in words.
        tone: good where it stands above its baselines, doubt where it does not.
        verdict: the tone in words.
    """

    label: str
    value: float
    interval: tuple[float, float] | None = None
    marks: Sequence[tuple[str, float]] = ()
    note: str = ""
    tone: Tone = ""
    verdict: str = ""


@dataclass(frozen=True)
class Readings:
    """Readings on one scale from 0 to 100 %: a row each, or a tile each; `value_name` says what the dots are."""

    kind: ClassVar[str] = "readings"
    caption: str
    rows: Sequence[Reading]
    are_tiles: bool = False
    value_name: str = "value"

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the baselines in it, for the legend, in the order of their first use."""
        return tuple(dict.fromkeys(name for row in self.rows for name, _ in row.marks))

    @property
    def have_intervals(self) -> bool:
        """Whether any row has an interval."""
        return any(row.interval is not None for row in self.rows)


@dataclass(frozen=True)
class ChipPicture:
    """A chip (data address of its pixels) under boxes (x0, y0, x1, y1) [pixel]: true ones and answered ones."""

    address: str
    width: int
    height: int
    alt: str
    boxes: Sequence[PixelBox] = ()
    answered: Sequence[PixelBox] = ()


@dataclass(frozen=True)
class CardRow:
    """One line of a card; its tone is also said by a sign."""

    cells: Sequence[str]
    tone: Tone = ""


@dataclass(frozen=True)
class Card:
    """A chip with what is said of it."""

    title: str
    note: str
    chip: ChipPicture
    columns: Sequence[str]
    rows: Sequence[CardRow]


@dataclass(frozen=True)
class Cards:
    """Chips side by side."""

    kind: ClassVar[str] = "cards"
    caption: str
    cards: Sequence[Card]


@dataclass(frozen=True)
class Notice:
    """A decision: what about, in one word how, why, and its single points (folded)."""

    kind: ClassVar[str] = "notice"
    title: str
    badge: str
    tone: Tone
    text: str
    points: Sequence[CardRow] = ()
    fold: str = ""


@dataclass(frozen=True)
class Branch:
    """A line of a tree that opens.

    Attributes:
        title: what it is.
        note: what is to be known of it while it is closed.
        anchor: name that links of the same page lead to, letters, digits and hyphens; opening it opens all above it.
        columns: heads of its rows; none where it has no rows.
        rows: short texts.
        branches: what stands below it.
    """

    title: str
    note: str = ""
    anchor: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    branches: Sequence["Branch"] = ()


@dataclass(frozen=True)
class Tree:
    """Branches, all closed: a page of ten thousand rows opens as quickly as one of ten."""

    kind: ClassVar[str] = "tree"
    caption: str
    branches: Sequence[Branch]
