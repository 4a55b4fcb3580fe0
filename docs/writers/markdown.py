"""Plain Markdown that a forge, a terminal and Sphinx all read."""

import re
from collections.abc import Iterable, Mapping, Sequence

TAG = re.compile(r"<(?=[A-Za-z/!])")
NOTE = "This page is written by `make docs`; a test fails when it is out of date."


def page(title: str, head: str, sections: Mapping[str, str]) -> str:
    """A whole page: title, what it is about, and its sections by heading."""
    parts = [f"# {title}", head, NOTE]
    for heading, text in sections.items():
        parts += [f"## {heading}", text]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line breaks inside cells do no harm."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell(text) for text in line)} |" for line in lines)


def cell(text: str) -> str:
    """Text that stays inside its cell."""
    return prose(" ".join(text.split())).replace("|", r"\|")


def prose(text: str) -> str:
    """Text whose angle brackets are no HTML; what stands between backticks is left alone."""
    parts = text.split("`")
    return "`".join(part if place % 2 else TAG.sub(r"\<", part) for place, part in enumerate(parts))


def code(text: str) -> str:
    """Text between backticks."""
    return f"`{text}`"


def block(text: str, language: str = "text") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def sentence(text: str) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join(text.strip().split("\n\n")[0].split())
