"""What every format of captions and scene classes comes down to, and putting it beside the scenes."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.catalog.errors import UnknownClass
from components.catalog.labels.items import find_scene, put
from components.catalog.labels.labelling import Labels, Outcome
from components.rasters.errors import SceneError
from components.records.families import BY_NAME, FAMILIES, UNKNOWN_CODE
from components.records.given import GivenCaption, GivenClause

# What a person may say that words mean.
CODES: Final = tuple(
    f"{family.name}.{field.name}.{code}"
    for family in FAMILIES
    for field in family.fields
    for code in field.values
    if code != UNKNOWN_CODE
)
CODES_IN_WORDS: Final = "FAMILY.FIELD.CODE, such as landform.Water.none (docs/reference/labels.md lists them)"
_MOST_NAMED = 3


@dataclass(frozen=True)
class Captioned:
    """What is said of one picture as a whole.

    Attributes:
        source: the file or folder that says it.
        name: of the picture's file, without its ending: the scene's id.
        caption: with a code wherever the words have one.
        unknown: words without a code.
    """

    source: Path
    name: str
    caption: GivenCaption
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaptionFormat:
    """One way in which captions or classes of whole pictures are written.

    Attributes:
        name: as `fusar data label` takes it.
        title: one line for people.
        read: `read(labels)`; an error stands for the picture or file that it is about.
    """

    name: str
    title: str
    read: Callable[[Labels], Iterator[Captioned | SceneError]]


def label_captions(form: CaptionFormat, labels: Labels) -> Iterator[Outcome]:
    """Give scenes the captions of a path, or say why not; the others never notice.

    Raises:
        NoSuchFile: the path holds no file of the format.
    """
    for said in form.read(labels):
        if isinstance(said, SceneError):
            yield Outcome(said.path, "", "set aside", error=said)
        elif not labels.scenes or said.name in labels.scenes:
            yield _label(said, labels)


def code_in(text: str, codes: Mapping[str, str], phrases: Mapping[str, str]) -> str | None:
    """The one code that a text says: by its whole words, else by the phrases in it; None where it is none or several.

    Args:
        text: words of a caption.
        codes: a field's codes and their words.
        phrases: words, and the field's code that they mean.
    """
    words = plain(text)
    if whole := {code for code, value in codes.items() if words == value and code != UNKNOWN_CODE}:
        return whole.pop()
    found = {code for phrase, code in phrases.items() if re.search(rf"\b{re.escape(plain(phrase))}\b", words)}
    return found.pop() if len(found) == 1 else None


def plain(text: str) -> str:
    """A text in small letters, with single spaces and without the stop at its end."""
    return " ".join(text.casefold().split()).rstrip(".")


def not_said(source: Path, texts: tuple[str, ...]) -> UnknownClass:
    """The error about words of which nobody said what they mean here; at least one."""
    listed = ", ".join(repr(text[:40]) for text in texts[:_MOST_NAMED])
    return UnknownClass(source, listed, f"{texts[0][:40]}={CODES[0]}", CODES_IN_WORDS)


def clause(family: str, field: str, text: str, phrases: Mapping[str, str]) -> GivenClause:
    """A text with its code, where it has one.

    Args:
        family: name of the caption's family.
        field: name of the field that the text is about.
        text: its words.
        phrases: words to FAMILY.FIELD.CODE, of any family.
    """
    start = f"{family}.{field}."
    own = {words: code.removeprefix(start) for words, code in phrases.items() if code.startswith(start)}
    return GivenClause(text=text, code=code_in(text, BY_NAME[family].field(field).values, own))


def _label(said: Captioned, labels: Labels) -> Outcome:
    coded = sum(clause.code is not None for clause in said.caption.clauses.values())
    try:
        scene = find_scene(labels.data, said.name, said.source)
        if not coded:
            raise not_said(said.source, said.unknown)
        labels.staging.mkdir(parents=True, exist_ok=True)
        made = labels.staging / f"{said.name}.json"
        made.write_text(json.dumps(said.caption.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        is_new = put(scene, "captions", made)
    except SceneError as error:
        return Outcome(said.source, said.name, "set aside", error=error)
    finally:
        shutil.rmtree(labels.staging, ignore_errors=True)
    counts = {"clauses": coded, "texts without a code": len(said.unknown)}
    return Outcome(said.source, said.name, "labelled" if is_new else "unchanged", counts)
