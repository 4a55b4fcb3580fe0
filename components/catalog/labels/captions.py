"""Captions of eight fields, a JSON list or JSON Lines, as FUSAR-GEOVL's are: `image_id`, and a text by field.

`image_id` is the name of the picture, with or without its ending. The fields are those of one family, which the format
names; some may be missing. A text becomes a code of its field where it is the code's own words, or where `--class`
says what words in it mean: `--class "no water=landform.Water.none"`. A text in which no such words stand, or words of
several codes, is kept without a code, and the annotator decides its field; a picture without any code is set aside.
Source: https://github.com/yangyifremad/FUSAR-KLIP, data/part/caption_part1.json
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from components.catalog.errors import BrokenLabels
from components.catalog.labels.captioned import Captioned, CaptionFormat, clause
from components.catalog.labels.labelling import Labels
from components.catalog.labels.reading import files_below, json_lines_of, parsed, stem_of
from components.rasters.errors import SceneError
from components.records.families import AIRCRAFT, FAMILIES, LANDFORM, SHIP, Family
from components.records.given import MOST_CHARACTERS, GivenCaption

_SUFFIXES = (".json", ".jsonl")


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow")

    image_id: int | str


class _Text(BaseModel):
    model_config = ConfigDict(strict=True)

    text: str = Field(max_length=MOST_CHARACTERS)


def _read(labels: Labels, family: Family) -> Iterator[Captioned | SceneError]:
    for file in files_below(labels.path, _SUFFIXES, labels.ending):
        try:
            yield from [
                _captioned(parsed(_Record, content, file, where), file, where, family, labels)
                for where, content in json_lines_of(file)
            ]
        except SceneError as error:
            yield error


def _captioned(record: _Record, file: Path, where: str, family: Family, labels: Labels) -> Captioned:
    texts = _texts(record.model_extra or {}, file, where, family)
    clauses = {field: clause(family.name, field, text, labels.classes) for field, text in texts.items()}
    unknown = tuple(said.text for said in clauses.values() if said.code is None)
    caption = parsed(GivenCaption, {"family": family.name, "clauses": clauses}, file, where)
    return Captioned(file, stem_of(str(record.image_id), labels.ending), caption, unknown)


def _texts(found: Mapping[str, Any], file: Path, where: str, family: Family) -> dict[str, str]:
    """What is said by field; a field without words is not said.

    Raises:
        BrokenLabels: another family's fields, or a field that is no text.
    """
    others = {name for other in FAMILIES for name in other.names} - set(family.names)
    if strange := sorted(others & found.keys()):
        raise BrokenLabels(file, f"{where}{strange[0]} is no field of the family {family.name}")
    texts = {name: parsed(_Text, {"text": found[name]}, file, f"{where}{name}: ").text.strip() for name in found
             if name in family.names}  # fmt: skip
    said = {name: text for name, text in texts.items() if text}
    if not said:
        raise BrokenLabels(file, f"{where}says none of {', '.join(family.names)}")
    return said


FORMATS = tuple(
    CaptionFormat(
        f"captions-{family.name}",
        f"captions of the fields {', '.join(family.names)} (.json, .jsonl)",
        partial(_read, family=family),
    )
    for family in (LANDFORM, SHIP, AIRCRAFT)
)
