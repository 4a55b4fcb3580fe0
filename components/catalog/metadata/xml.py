"""Metadata files in XML, as products hold them: read by defusedxml alone, limited in size, every value checked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import numpy.typing as npt
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from components.catalog.errors import BrokenMetadata, HostileXML
from components.rasters.errors import MissingAsset

_MOST_BYTES = 20_000_000  # the largest annotation of a Sentinel-1 product has 2 MB
_MOST_NUMBER = 1e15  # of a table; two of them, multiplied, are still a float32
_NULL = "NULL"  # how Gaofen-3 writes that there is no value


@dataclass(frozen=True)
class Node:
    """An element of a metadata file; what is asked of it and is not there is an error that names the file."""

    path: Path
    element: Element

    def child(self, steps: str) -> "Node":
        """The element at `steps`, such as `imageinfo/QualifyValue`.

        Raises:
            BrokenMetadata: there is none.
        """
        found = self.element.find(steps)
        if found is None:
            raise BrokenMetadata(self.path, f"{steps} is missing")
        return Node(self.path, found)

    def children(self, steps: str) -> Iterator["Node"]:
        """All elements at `steps`."""
        return (Node(self.path, found) for found in self.element.iterfind(steps))

    def text(self, steps: str) -> str:
        """The words at `steps`.

        Raises:
            BrokenMetadata: there are none.
        """
        words = self.optional(steps)
        if words is None:
            raise BrokenMetadata(self.path, f"{steps} is missing, empty or NULL")
        return words

    def optional(self, steps: str) -> str | None:
        """The words at `steps`; None where there are none, or the word NULL."""
        words = (self.element.findtext(steps) or "").strip()
        return None if not words or words.upper() == _NULL else words

    def number(self, steps: str) -> float:
        """The number at `steps`.

        Raises:
            BrokenMetadata: there is none, or it is not finite.
        """
        return self._number(steps, self.text(steps))

    def optional_number(self, steps: str) -> float | None:
        """The number at `steps`; None where there are no words, or the word NULL.

        Raises:
            BrokenMetadata: there are words, but no finite number.
        """
        words = self.optional(steps)
        return None if words is None else self._number(steps, words)

    def integer(self, steps: str) -> int:
        """The whole number at `steps`.

        Raises:
            BrokenMetadata: there is none.
        """
        number = self.number(steps)
        if number != int(number):
            raise BrokenMetadata(self.path, f"{steps} {number} is no whole number")
        return int(number)

    def numbers(self, steps: str) -> npt.NDArray[np.float64]:
        """The numbers at `steps`, written one behind the other; (N,) with N >= 1.

        Raises:
            BrokenMetadata: a word is no finite number, or there are not as many as the attribute `count` promises.
        """
        node = self.child(steps)
        try:
            values = np.array((node.element.text or "").split(), np.float64)
        except ValueError as error:
            raise BrokenMetadata(self.path, f"{steps} holds a word that is no number") from error
        promised = node.element.get("count")
        if not values.size or promised not in (None, str(values.size)):
            raise BrokenMetadata(self.path, f"{steps} holds {values.size} numbers of {promised or 'at least 1'}")
        if not (np.abs(values) < _MOST_NUMBER).all():  # NaN is not
            raise BrokenMetadata(self.path, f"{steps} holds a number that is not finite, or beyond {_MOST_NUMBER:g}")
        return values

    def _number(self, steps: str, words: str) -> float:
        try:
            value = float(words)
        except ValueError as error:
            raise BrokenMetadata(self.path, f"{steps} {words[:40]!r} is no number") from error
        if not math.isfinite(value):
            raise BrokenMetadata(self.path, f"{steps} {words[:40]!r} is not finite")
        return value


def read_xml(path: Path) -> Node:
    """The root of a metadata file.

    Raises:
        MissingAsset: there is no such file.
        HostileXML: it declares a document type or entities, which no product does.
        BrokenMetadata: too large, or not well-formed.
    """
    if not path.is_file():
        raise MissingAsset(path)
    if path.stat().st_size > _MOST_BYTES:
        raise BrokenMetadata(path, f"larger than {_MOST_BYTES} bytes")
    try:
        root: Element = ElementTree.parse(path, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        raise HostileXML(path) from error
    except (ParseError, ValueError, LookupError) as error:  # the last two from a wrong encoding
        raise BrokenMetadata(path, "not well-formed XML") from error
    return Node(path, root)
