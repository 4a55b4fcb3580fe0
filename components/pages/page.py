"""Static, offline pages: the one place that turns text into HTML, and escapes all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True)
class Section:
    """One titled part of a page.

    Attributes:
        title: heading, plain text.
        text: what the reader should take from it, plain text.
        figure: a `data:image/png` address from `components.pages.figures`, or None.
        columns: heads of a table.
        rows: cells of that table; numbers are shown as they are, so round them first.
    """

    title: str
    text: str = ""
    figure: str | None = None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | int | float]] = ()


def render_page(title: str, subtitle: str, banner: str, sections: Sequence[Section]) -> str:
    """Render a page that needs no network and runs no script.

    Every string is escaped, and the page's Content-Security-Policy forbids all but its own styles and inlined images.
    """
    environment = Environment(loader=PackageLoader("components.pages", "."), autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("page.html")
    return template.render(title=title, subtitle=subtitle, banner=banner, sections=sections)
