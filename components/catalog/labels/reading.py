"""Reading label files: size-limited, and every fault named."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from components.catalog.errors import BrokenLabels, NoSuchFile

Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Model = TypeVar("Model", bound=BaseModel)
_MOST_BYTES = 1_000_000_000  # COCO's own training labels are half of that


def files_below(path: Path, suffixes: tuple[str, ...], ending: str = "") -> list[Path]:
    """The file itself, or the files of a folder whose names have the ending and one of the suffixes, by name.

    Raises:
        NoSuchFile: there is none.
    """
    if path.is_file():
        return [path]
    files = (file for file in path.glob("*") if file.suffix.lower() in suffixes and file.is_file())
    found = sorted(file for file in files if file.stem.endswith(ending))
    if not found:
        raise NoSuchFile(path)
    return found


def stem_of(name: str, ending: str = "") -> str:
    """Name of a picture without folders and suffix, and without what a label file's name adds to it."""
    return Path(name.replace("\\", "/")).stem.removesuffix(ending)


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        BrokenLabels: larger than 1 GB, unreadable, or no UTF-8.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BrokenLabels(path, f"larger than {_MOST_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenLabels(path, "cannot be read as text in UTF-8") from error


def parsed(model: type[Model], content: Any, path: Path, where: str = "") -> Model:
    """Check what was read against a model.

    Raises:
        BrokenLabels: naming the first fault.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise BrokenLabels(path, f"{where}{place}: {fault['msg']}") from error


def json_of(path: Path) -> Any:
    """The JSON of a file; NaN and infinity, which are no JSON, are refused.

    Raises:
        BrokenLabels: no JSON.
    """
    return _loaded(text_of(path), path, "")


def json_lines_of(path: Path) -> Iterator[tuple[str, Any]]:
    """The records of JSON Lines, or of a file that holds one JSON list, each with where it stands.

    Raises:
        BrokenLabels: a line is no JSON.
    """
    text = text_of(path)
    if text.lstrip().startswith("["):
        records = _loaded(text, path, "")
        yield from ((f"record {number}: ", record) for number, record in enumerate(records))
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"line {number}: ", _loaded(line, path, f"line {number}: ")


def number_of(text: str, path: Path, where: str) -> float:
    """A finite number.

    Raises:
        BrokenLabels: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= 1e6:
        raise BrokenLabels(path, f"{where}: {text[:20]!r} is no number within a million")
    return value


def _loaded(text: str, path: Path, where: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BrokenLabels(path, f"{where}not JSON") from error


def _refuse(constant: str) -> None:
    raise ValueError(constant)
