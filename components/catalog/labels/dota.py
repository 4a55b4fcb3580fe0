"""DOTA's oriented boxes, one text file a picture: `x1 y1 x2 y2 x3 y3 x4 y4 category difficulty` a line.

Lines `imagesource:...` and `gsd:...` may stand above. A file without boxes says that there is no object.
Source: https://captain-whu.github.io/DOTA/dataset.html
"""

from collections.abc import Iterator
from pathlib import Path

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target
from components.catalog.labels.reading import number_of, stem_of, text_of

_HEADS = ("imagesource:", "gsd:", "acquisition dates:")
_FIELDS = (9, 10)  # the last one, difficulty, is often left out


def _read(path: Path, ending: str) -> Iterator[Picture]:
    lines = enumerate(text_of(path).splitlines(), start=1)
    found = [(number, line) for number, line in lines if line.strip() and not line.lower().startswith(_HEADS)]
    targets = tuple(_target(line.split(), path, f"line {number}") for number, line in found)
    yield Picture(path, stem_of(path.name, ending), targets)


def _target(words: list[str], file: Path, where: str) -> Target:
    if len(words) not in _FIELDS:
        raise BrokenLabels(file, f"{where} has {len(words)} fields, not eight numbers, a category and a difficulty")
    numbers = [number_of(word, file, where) for word in words[:8]]
    return Target(words[8], tuple(zip(numbers[0::2], numbers[1::2], strict=True)))


FORMAT = Format("dota", "DOTA's oriented boxes, one text file a picture", (".txt",), _read)
