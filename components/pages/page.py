"""Static, offline pages: the one place that turns text into HTML, and escapes all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.pages.graph import Graph
from components.pages.parts import Cards, Heat, Notice, Picture, Readings, Table, Tree

Part = Cards | Graph | Heat | Notice | Picture | Readings | Table | Tree
# Baselines with a sign of their own in `style.css`; any other is drawn like the last of them.
MARKS = ("chance", "majority", "before", "shuffled", "absent", "other")


@dataclass(frozen=True)
class Section:
    """One titled part of a page.

    Attributes:
        title: heading, plain text.
        text: what the reader should take from it, plain text.
        parts: what it shows, in order.
        anchor: name that links of the same page lead to; empty for one by its place.
    """

    title: str
    text: str = ""
    parts: Sequence[Part] = ()
    anchor: str = ""


@dataclass(frozen=True)
class Front:
    """The first screen.

    Attributes:
        title: heading.
        subtitle: where it comes from.
        banner: a warning that no reader may miss; empty for none.
        text: what came out, in one or two sentences.
        parts: decisions and headline figures.
    """

    title: str
    subtitle: str = ""
    banner: str = ""
    text: str = ""
    parts: Sequence[Part] = ()


def render_page(front: Front, sections: Sequence[Section]) -> str:
    """HTML of a page that needs no network and runs no script; the same parts give the same bytes.

    Every string is escaped, and the page's Content-Security-Policy forbids all but its own styles and inlined images.
    """
    environment = Environment(
        loader=PackageLoader("components.pages", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["mark"] = lambda name: name if name in MARKS else MARKS[-1]
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    return environment.get_template("page.html").render(front=front, sections=sections)
