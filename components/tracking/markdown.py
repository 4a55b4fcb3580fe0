"""Markdown for the pages of MLflow (Showdown) and Prefect (marked): whatever comes from outside is escaped here."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Both renderers know a backslash before these. An underscore inside a word (check_chips) is plain text to both.
_SPECIAL: Final = re.compile(r"[\\`*~\[\]|@#]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)", re.IGNORECASE)
_LONGEST: Final = 600
_GAP: Final = "\u00a0\u00a0"


class Markdown(str):
    """Text that is Markdown already: written in our own code, or made by the functions of this module."""

    __slots__ = ()


def escaped(text: object, longest: int = _LONGEST) -> Markdown:
    """One line of Markdown that shows `text` letter by letter: no markup, no link, no image, no HTML comes of it.

    Args:
        text: anything; what is Markdown already stays as it is.
        longest: what is longer is cut and ends in an ellipsis [character].
    """
    if isinstance(text, Markdown):
        return text
    line = " ".join(str(text).split())
    # Control and format characters could turn the direction of the text around.
    line = "".join(letter for letter in line if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return Markdown(_SPECIAL.sub(r"\\\g<0>", line.translate(_ENTITIES)))


def link(text: object, address: str) -> Markdown:
    """A link whose text and address cannot end it early."""
    return Markdown(f"[{escaped(text)}]({quote(address, safe='/:?#=&%@,+~-_.')})")


def code(text: str) -> Markdown:
    """Text in a fixed-width font, for commands and paths; not for the cells of a table."""
    return Markdown("`" + " ".join(text.split()).replace("`", "'") + "`")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Markdown:
    """A table; every cell is escaped, and columns of numbers (named with a unit or `n`) stand to the right."""
    rule = ["---:" if "[" in column or column == "n" else "---" for column in columns]
    body = [[str(escaped(cell)) for cell in row] for row in (columns, *rows)]
    # MLflow's page sets the columns of a table side by side without any space. Prefect's page does not need the gap and
    # drops it; an entity such as &ensp; it would show as written.
    body = [[*(cell + _GAP for cell in cells[:-1]), cells[-1]] for cells in body]
    return Markdown("\n".join(f"| {' | '.join(cells)} |" for cells in (body[0], rule, *body[1:])))
