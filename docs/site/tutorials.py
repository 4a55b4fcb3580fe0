"""Tutorials are programs: Sphinx shows their comments as prose and the rest as code."""

import ast
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser


class TutorialParser(MystParser):
    """Reads docs/tutorials/*.py."""

    supported = ("tutorial",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Read a program as the Markdown page that it stands for."""
        super().parse(to_markdown(inputstring, Path(document["source"]).stem), document)


def to_markdown(program: str, name: str) -> str:
    """The page of a tutorial.

    The docstring opens it, its first line being the title. A comment that begins a line after an empty one is prose, in
    Markdown; all else is code.
    """
    tree = ast.parse(program)
    title, _, opening = (ast.get_docstring(tree) or name).partition("\n")
    body = program.splitlines()[tree.body[0].end_lineno or 0 :]
    how = f"This page is a program, and the tests run it: `.venv/bin/python -m docs.tutorials.{name}` runs it here."
    return "\n\n".join([f"# {title.rstrip('.')}", opening.strip(), how, *map(_shown, _blocks(body))]) + "\n"


def _blocks(lines: list[str]) -> list[tuple[bool, list[str]]]:
    """(is prose, lines) of each part of a program, in order."""
    blocks: list[tuple[bool, list[str]]] = []
    after_empty = True
    for line in lines:
        opens_prose = line.startswith("#") and after_empty
        goes_on = bool(blocks) and (blocks[-1][0] == line.startswith("#") or not line.strip())
        if opens_prose and not (blocks and blocks[-1][0]):
            blocks.append((True, [line]))
        elif blocks and (goes_on or (not blocks[-1][0] and not opens_prose)):
            blocks[-1][1].append(line)
        elif line.strip():
            blocks.append((False, [line]))
        after_empty = not line.strip()
    return blocks


def _shown(block: tuple[bool, list[str]]) -> str:
    is_prose, lines = block
    if is_prose:
        return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip()
    return "```python\n" + "\n".join(lines).strip("\n") + "\n```"


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's door."""
    app.add_source_suffix(".py", "tutorial")
    app.add_source_parser(TutorialParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
