"""Pascal VOC's XML, one file a picture: `object` with `name` and `bndbox`.

VOC counts pixels from 1 and its box holds both ends: xmin 1, xmax 1 is the first column. So the box runs from xmin - 1
to xmax here. Data sets that count from 0 are then a pixel off at the left and upper edge. Source: the VOC2012
development kit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target, box
from components.catalog.labels.reading import number_of, stem_of, text_of

_MOST_CHARACTERS = 50_000_000


def _read(path: Path, ending: str) -> Iterator[Picture]:
    root = _root(path)
    targets = tuple(_target(node, path, f"object {number}") for number, node in enumerate(root.iter("object")))
    yield Picture(path, stem_of(path.name, ending), targets, _size(root, path))


def _root(file: Path) -> Any:
    text = text_of(file)
    if len(text) > _MOST_CHARACTERS:
        raise BrokenLabels(file, f"longer than {_MOST_CHARACTERS} characters")
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BrokenLabels(file, f"no plain XML ({type(error).__name__})") from error
    if root.tag != "annotation":
        raise BrokenLabels(file, f"its root is {root.tag[:40]!r}, not 'annotation'")
    return root


def _size(root: Any, file: Path) -> tuple[int, int] | None:
    rows, columns = root.findtext("size/height"), root.findtext("size/width")
    if rows is None or columns is None:
        return None
    return int(number_of(rows, file, "size/height")), int(number_of(columns, file, "size/width"))


def _target(node: Any, file: Path, where: str) -> Target:
    name = (node.findtext("name") or "").strip()
    if not name:
        raise BrokenLabels(file, f"{where} has no name")
    edges = []
    for edge in ("xmin", "ymin", "xmax", "ymax"):
        text = node.findtext(f"bndbox/{edge}")
        if text is None:
            raise BrokenLabels(file, f"{where} has no bndbox/{edge}")
        edges.append(number_of(text, file, f"{where} {edge}"))
    x0, y0, x1, y1 = edges
    if x1 < x0 or y1 < y0:
        raise BrokenLabels(file, f"{where}: its box ends before it begins")
    return Target(name, box(x0 - 1, y0 - 1, x1, y1))


FORMAT = Format("voc", "Pascal VOC's XML, one file a picture", (".xml",), _read)
