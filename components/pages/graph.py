"""Layered graphs as SVG: boxes in lanes from left to right, each stage's readers found along its rail."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

LANES = (178, 150, 268, 196)  # widths of the boxes in each lane [px]
LANE_GAP = 76
ROW_GAP = 20
HEAD, LINE = 26, 15  # heights of a box's title and of each further line [px]
EDGE = 10  # around the drawing [px]
RAIL_STEP = 13
CHARACTER = 6.6  # widest usual character at 11 px [px]


@dataclass(frozen=True)
class Node:
    """A box.

    Attributes:
        key: name for edges.
        lane: 0 to 3, from left to right.
        title: its head.
        lines: what stands below; cut to the box's width, and whole in the box's tooltip.
        beside: key of the node in lane 2 whose row it shares; empty for the next free place of its lane.
        anchor: name on the same page that a click leads to; empty for a box that leads nowhere.
    """

    key: str
    lane: int
    title: str
    lines: Sequence[str] = ()
    beside: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Box:
    """A node with its place [px]."""

    node: Node
    x: float
    y: float
    width: float
    height: float

    @property
    def title(self) -> str:
        """The head, cut to the box."""
        return cut(self.node.title, int((self.width - 18) / (CHARACTER + 0.6)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines, cut to the box."""
        return tuple(cut(line, int((self.width - 18) / CHARACTER)) for line in self.node.lines)


@dataclass(frozen=True)
class Graph:
    """A laid-out graph: `paths` are (SVG path data, colour number, whether it carries evidence only)."""

    kind: ClassVar[str] = "graph"
    caption: str
    alt: str
    boxes: Sequence[Box]
    paths: Sequence[tuple[str, int, bool]]
    width: int
    height: int

    @property
    def has_links(self) -> bool:
        """Whether a click on any box leads somewhere."""
        return any(box.node.anchor for box in self.boxes)


def lay_out(caption: str, alt: str, nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> Graph:
    """A graph in four lanes; lane 2 runs from top to bottom, and each edge in it goes downwards.

    Args:
        caption: for all readers.
        alt: for those who cannot see it.
        nodes: boxes; those of lane 2 in topological order.
        edges: keys of source and target; one from lane 2 to a node of lane 3 that stands beside another is evidence.
    """
    boxes = _place(nodes)
    spine = [node.key for node in nodes if node.lane == 2]
    rails = _rails(spine, edges)
    paths = [_path(boxes, source, target, rails) for source, target in edges]
    width = EDGE * 2 + sum(LANES) + 3 * LANE_GAP
    height = max((box.y + box.height for box in boxes.values()), default=0) + EDGE
    return Graph(caption, alt, tuple(boxes.values()), paths, width, int(height))


def cut(text: str, most: int) -> str:
    """The text, shortened with an ellipsis to `most` columns; wide characters take two, control characters none."""
    visible = "".join(character for character in text if unicodedata.category(character)[0] != "C")
    columns, kept = 0, []
    for character in visible:
        columns += 2 if unicodedata.east_asian_width(character) in "FW" else 1
        kept.append(character)
        if columns > most:
            return "".join(kept[:-2]) + "…"
    return visible


def _place(nodes: Sequence[Node]) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    bottoms = [float(EDGE)] * len(LANES)
    for node in sorted(nodes, key=lambda node: node.lane != 2):  # lane 2 first: others stand beside its boxes
        height = HEAD + LINE * len(node.lines) + (6 if node.lines else 0)
        top = max(bottoms[node.lane], boxes[node.beside].y if node.beside in boxes else 0.0)
        left = EDGE + sum(LANES[: node.lane]) + LANE_GAP * node.lane
        boxes[node.key] = Box(node, left, top, LANES[node.lane], height)
        bottoms[node.lane] = top + height + ROW_GAP
    return {node.key: boxes[node.key] for node in nodes}


def _rails(spine: Sequence[str], edges: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Number of the rail of each node whose readers do not stand right below it; the first node's is outermost."""
    places = {key: place for place, key in enumerate(spine)}
    far = {a for a, b in edges if a in places and b in places and places[b] - places[a] > 1}
    return {key: number for number, key in enumerate(key for key in spine if key in far)}


def _path(boxes: Mapping[str, Box], source: str, target: str, rails: Mapping[str, int]) -> tuple[str, int, bool]:
    a, b = boxes[source], boxes[target]
    colour = rails.get(source, len(rails))
    if a.node.lane != b.node.lane:
        is_evidence = a.node.lane == 2 and b.node.beside != source
        return (_evidence(a, b) if is_evidence else _across(a, b)), colour, is_evidence
    if _are_neighbours(boxes, a, b):
        middle = a.x + a.width / 2
        return f"M{middle:.1f} {a.y + a.height:.1f}V{b.y - 3:.1f}", colour, False
    rail = a.x - RAIL_STEP * (len(rails) - rails[source]) - 8
    enters = b.y + HEAD / 2 + 6 * (rails[source] - 1)
    leaves = a.y + a.height - 10
    return f"M{a.x:.1f} {leaves:.1f}H{rail + 5:.1f}q-5 0 -5 5V{enters - 5:.1f}q0 5 5 5H{b.x - 3:.1f}", colour, False


def _are_neighbours(boxes: Mapping[str, Box], a: Box, b: Box) -> bool:
    lane = [box for box in boxes.values() if box.node.lane == a.node.lane]
    return lane.index(b) - lane.index(a) == 1


def _across(a: Box, b: Box) -> str:
    """A curve from the right side of a box to the left side of one in a further lane."""
    x0, y0, x1, y1 = a.x + a.width, a.y + HEAD / 2, b.x - 3, b.y + HEAD / 2
    middle = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def _evidence(a: Box, b: Box) -> str:
    """A step from the right side of a box up to one that stands beside another."""
    x0, y0, x1, y1 = a.x + a.width, a.y + HEAD / 2, b.x - 3, b.y + b.height - 10
    return f"M{x0:.1f} {y0:.1f}H{x0 + 33:.1f}q5 0 5 -5V{y1 + 5:.1f}q0 -5 5 -5H{x1:.1f}"
